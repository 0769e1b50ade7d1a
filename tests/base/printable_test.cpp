#include "base/printable.hpp"

#include <doctest/doctest.h>

using namespace spoa;

TEST_SUITE("base/printable")
{
    TEST_CASE("nothing printable can steer a terminal")
    {
        CHECK(printable("a\x1b[2Jb\x7f") == "a?[2Jb?");
        CHECK(
            printable("a\xc2\x9b"
                      "2J") == "a??2J");
        CHECK(printable("ä€😀 \xc2\xa0") == "ä€😀 \xc2\xa0");
        CHECK(printable("a\n\tb") == "a??b");
        CHECK(
            printable("a\xe2\x80\xae"
                      "b\xef\xbb\xbf") == "a???b???");  // turns round, is not seen
    }

    TEST_CASE("what is no UTF-8 is replaced byte by byte")
    {
        CHECK(printable("\x9b\xff\xc3") == "???");
        CHECK(printable("\xc0\x80") == "??");            // overlong
        CHECK(printable("\xed\xa0\x80") == "???");       // half of a surrogate
        CHECK(printable("\xf4\x90\x80\x80") == "????");  // above the last one
        CHECK(
            printable("\xe2\x82"
                      "a") == "??a");
    }

    TEST_CASE("a long text is cut between two characters")
    {
        CHECK(printable("abc", 3) == "abc");
        CHECK(printable("abcd", 3) == "abc…");
        CHECK(printable("abä", 3) == "ab…");
    }

    TEST_CASE("lines stay lines where they are wanted")
    {
        CHECK(printable_lines("a\nb\r\x1b\n") == "a\nb??\n");
    }
}
