#include "haproxy_api/fence.hpp"

#include "haproxy_api/seen.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace spoa::haproxy_api;
using namespace spoa::test;
using namespace std::chrono_literals;

namespace {

const TimePoint start{1h};
const Wishes first{{"R1", Wish::ready}, {"R2", Wish::maint}};
const Wishes second{{"R1", Wish::maint}, {"R2", Wish::ready}};
const Wishes none{{"R1", Wish::maint}, {"R2", Wish::maint}};

// The commands in one text.
std::string text(const Commands& commands)
{
    std::string out;
    for (const auto* const list : {&commands.opening, &commands.closing})
        for (const auto& command : *list)
            out += (out.empty() ? "" : ";") + command;
    return out;
}

// A fence whose HAProxy is as it should be, with R1 as master.
Fence settled()
{
    Fence fence("b");
    fence.want(first, start);
    fence.begin(start);
    fence.take(backend({in("R1", 40), out("R2")}, {"R2"}), start);
    return fence;
}

}  // namespace

TEST_SUITE("haproxy_api/fence")
{
    TEST_CASE("the first turn only looks, and the second acts at once")
    {
        Fence fence("b");
        CHECK(fence.due() <= start);
        CHECK(fence.want(first, start));
        CHECK(text(fence.begin(start)).empty());
        fence.take(backend({in("R1"), in("R2")}), start);
        CHECK(fence.due() == start);
        CHECK(
            text(fence.begin(start)) ==
            "set var proc.sentinel_spoa.b expr str(R2);set server b/R2 state maint");
    }

    TEST_CASE("a settled backend is looked at once a second")
    {
        const auto fence = settled();
        CHECK(fence.due() == start + look_period);
    }

    TEST_CASE("a fence is due at once, needs no look before, and counts what it cut")
    {
        auto fence = settled();
        const auto doubt = start + 10ms;
        CHECK(fence.want(none, doubt));
        CHECK(fence.due() == doubt);
        CHECK(
            text(fence.begin(doubt)) ==
            "set var proc.sentinel_spoa.b expr str(R1/R2);set server b/R1 state maint");
        const auto fenced =
            fence.take(backend({out("R1", 41), out("R2")}, {"R1", "R2"}), doubt + 2ms);
        REQUIRE(fenced.size() == 1);
        CHECK(fenced[0].server == "R1");
        CHECK(fenced[0].sessions == 41);
        CHECK(fenced[0].took == 2ms);
    }

    TEST_CASE("what is wanted already is no news")
    {
        auto fence = settled();
        CHECK_FALSE(fence.want(first, start + 10ms));
        CHECK(fence.due() == start + look_period);
    }

    TEST_CASE("sessions are ended once more after a fence, and again until there are none")
    {
        auto fence = settled();
        auto now = start;
        fence.want(none, now);
        fence.begin(now);
        fence.take(backend({out("R1", 40), out("R2")}, {"R1", "R2"}), now);
        CHECK(fence.due() == now + cut_again_after);

        now = fence.due();
        CHECK(text(fence.begin(now)) == "shutdown sessions server b/R1");
        fence.take(backend({out("R1", 3), out("R2")}, {"R1", "R2"}), now);
        CHECK(fence.due() == now + not_yet_period);

        now = fence.due();
        CHECK(text(fence.begin(now)) == "shutdown sessions server b/R1");
        fence.take(backend({out("R1", 0), out("R2")}, {"R1", "R2"}), now);
        CHECK(fence.due() == now + look_period);
        CHECK(text(fence.begin(fence.due())).empty());
    }

    TEST_CASE("a false alarm lifts the maintenance, and cuts nothing afterwards")
    {
        auto fence = settled();
        fence.want(none, start);
        fence.begin(start);
        fence.take(backend({out("R1", 40), out("R2")}, {"R1", "R2"}), start);
        fence.want(first, start + 50ms);
        CHECK(
            text(fence.begin(start + 50ms)) ==
            "set server b/R1 state ready;set var proc.sentinel_spoa.b expr str(R2)");
        fence.take(backend({in("R1", 0), out("R2")}, {"R2"}), start + 51ms);
        CHECK(text(fence.begin(start + 2s)).empty());
    }

    TEST_CASE("a switch during a turn is due at its end")
    {
        auto fence = settled();
        fence.begin(start + 1s);
        fence.want(second, start + 1s + 1ms);
        fence.take(backend({in("R1"), out("R2")}, {"R2"}), start + 1s + 2ms);
        CHECK(fence.due() == start + 1s + 1ms);
        CHECK(
            text(fence.begin(start + 1s + 2ms)) ==
            "set server b/R2 state ready;set var proc.sentinel_spoa.b expr str(R1)"
            ";set server b/R1 state maint");
        const auto fenced = fence.take(backend({out("R1"), in("R2")}, {"R1"}), start + 1s + 4ms);
        REQUIRE(fenced.size() == 1);
        CHECK(fenced[0].took == 3ms);
    }

    TEST_CASE("a reloaded HAProxy is put in order, which is no fence of a decision")
    {
        auto fence = settled();
        fence.begin(start + 1s);
        fence.take(backend({in("R1"), in("R2")}), start + 1s);
        CHECK(fence.due() == start + 1s + not_yet_period);
        fence.begin(fence.due());
        const auto fenced = fence.take(backend({in("R1"), out("R2")}, {"R2"}), start + 2s);
        REQUIRE(fenced.size() == 1);
        CHECK_FALSE(fenced[0].took);
    }

    TEST_CASE("after a failed turn it looks before it acts, and the decision is as old as it is")
    {
        auto fence = settled();
        fence.want(none, start);
        fence.begin(start);
        fence.lose(start + 100ms);
        CHECK(fence.due() == start + 100ms);
        CHECK(text(fence.begin(start + 100ms)).empty());
        fence.take(backend({in("R1", 40), out("R2")}, {"R2"}), start + 100ms);
        fence.begin(start + 100ms);
        const auto fenced =
            fence.take(backend({out("R1", 40), out("R2")}, {"R1", "R2"}), start + 102ms);
        REQUIRE(fenced.size() == 1);
        CHECK(fenced[0].took == 102ms);
    }

    TEST_CASE("maintenance from before a failed turn is no longer ours without a mark")
    {
        auto fence = settled();
        CHECK(fence.is_ours("R2"));
        fence.lose(start);
        fence.begin(start);
        fence.take(backend({in("R1"), out("R2")}), start);
        CHECK_FALSE(fence.is_ours("R2"));
    }

    TEST_CASE("a command that HAProxy did not carry out is no fence, and is tried again")
    {
        auto fence = settled();
        fence.want(none, start);
        fence.begin(start);
        CHECK(fence.take(backend({in("R1", 40), out("R2")}, {"R2"}), start).empty());
        CHECK(fence.due() <= start + cut_again_after);
        CHECK(
            text(fence.begin(fence.due())).find("set server b/R1 state maint") !=
            std::string::npos);
    }

    TEST_CASE("warnings: a stranger, an operator's maintenance of the master, a wrong backend")
    {
        auto fence = settled();
        CHECK(fence.warnings().empty());
        fence.take(backend({out("R1"), out("R2"), in("R9")}, {"R2"}), start);
        REQUIRE(fence.warnings().size() == 2);
        CHECK(fence.warnings()[0].find("b/R1 should be used") != std::string::npos);
        CHECK(fence.warnings()[1].find("b/R9 is not in `servers:`") != std::string::npos);
        fence.take(backend({in("w1")}), start);
        REQUIRE(fence.warnings().size() == 1);
        CHECK(fence.warnings()[0].find("left as it is") != std::string::npos);
    }
}
