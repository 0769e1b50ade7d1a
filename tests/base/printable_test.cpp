#include "base/printable.hpp"

#include <doctest/doctest.h>

using spoa::printable;

TEST_SUITE("base/printable")
{
    TEST_CASE("nothing printable can steer a terminal")
    {
        CHECK(printable("a\x1b[2Jb\x7f") == "a?[2Jb?");
        CHECK(
            printable("a\xc2\x9b"
                      "2J") == "a??2J");
        CHECK(printable("ä") == "ä");
    }
}
