#include "haproxy_api/command.hpp"

#include <doctest/doctest.h>

using namespace spoa::haproxy_api;

TEST_SUITE("haproxy_api/command")
{
    TEST_CASE("the name of a mark has only what HAProxy allows in a variable")
    {
        CHECK(mark_name("redis") == "proc.sentinel_spoa.redis");
        CHECK(mark_name("redis_nodes") == "proc.sentinel_spoa.redis_5fnodes");
        CHECK(mark_name("a-b.c:d") == "proc.sentinel_spoa.a_2db_2ec_3ad");
    }

    TEST_CASE("two backends never share a mark")
    {
        CHECK(mark_name("a_5fb") != mark_name("a_b"));
        CHECK(mark_name("a-b") != mark_name("a.b"));
    }

    TEST_CASE("the first look asks for states and the mark alone")
    {
        const Commands look{"b", {}, {}, {}};
        CHECK(
            batch_of(std::span(&look, 1)) ==
            "experimental-mode on;get var proc.sentinel_spoa.b;show servers state b\n");
    }

    TEST_CASE("all that opens is sent before anything that closes, and the mark before maintenance")
    {
        const std::vector<Commands> both{
            {"b1", 3, {}, {write_mark("b1", {"R1", "R3"}), make_maint("b1", "R1")}},
            {"b2", 4, {make_ready("b2", "R2")}, {end_sessions("b2", "R1")}}};
        CHECK(
            batch_of(both) ==
            "experimental-mode on"
            ";show stat 3 4 -1;show stat 4 4 -1"
            ";set server b2/R2 state ready"
            ";set var proc.sentinel_spoa.b1 expr str(R1/R3);set server b1/R1 state maint"
            ";shutdown sessions server b2/R1"
            ";get var proc.sentinel_spoa.b1;show servers state b1"
            ";get var proc.sentinel_spoa.b2;show servers state b2\n");
    }
}
