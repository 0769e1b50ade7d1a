#include "haproxy_config/fill.hpp"

#include <doctest/doctest.h>

using spoa::haproxy_config::fill;

TEST_SUITE("haproxy_config/fill")
{
    TEST_CASE("each blank gets its value, as often as it occurs")
    {
        CHECK(fill("@A@ = @B@, @A@", {{"A", "1"}, {"B", "2"}, {"C", "3"}}) == "1 = 2, 1");
        CHECK(fill("@A@@B@", {{"A", "1"}, {"B", "2"}}) == "12");
        CHECK(fill("", {}).empty());
        CHECK(fill("no blanks", {}) == "no blanks");
    }

    TEST_CASE("a value is not searched for blanks")
    {
        CHECK(fill("@A@ @B@", {{"A", "@B@"}, {"B", "unix@/run/a"}}) == "@B@ unix@/run/a");
    }
}
