#include "haproxy_api/fence.hpp"

#include "haproxy_api/seen.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace spoa::haproxy_api;
using namespace spoa::test;
using namespace std::chrono_literals;

namespace {

const TimePoint start{1h};
const Wishes first{{"R1", Wish::ready}, {"R2", Wish::idle}};
const Wishes second{{"R1", Wish::idle}, {"R2", Wish::ready}};
const Wishes in_doubt{{"R1", Wish::maint}, {"R2", Wish::idle}};

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
    fence.take(backend({in("R1", 40), in("R2")}), start);
    return fence;
}

// The same a moment after R2 has become master: R1 is fenced.
Fence switched()
{
    auto fence = settled();
    fence.want(second, start);
    fence.begin(start);
    fence.take(backend({out("R1", 40), in("R2")}, {"R1"}), start);
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
        fence.take(backend({in("R1"), in("R2", 1)}), start);
        CHECK(fence.due() == start);
        CHECK(
            text(fence.begin(start)) ==
            "set var proc.sentinel_spoa.b expr str(R2);set server b/R2 state maint");
        const auto fenced = fence.take(backend({in("R1"), out("R2", 1)}, {"R2"}), start);
        REQUIRE(fenced.size() == 1);
        CHECK(fenced[0].stray);
    }

    TEST_CASE("a settled backend is looked at once a second, and left as it is")
    {
        auto fence = settled();
        CHECK(fence.due() == start + look_period);
        CHECK(text(fence.begin(fence.due())).empty());
        CHECK_FALSE(fence.unsettled_since());
    }

    TEST_CASE("a fence is due at once, needs no look before, and counts what it cut")
    {
        auto fence = settled();
        const auto doubt = start + 10ms;
        CHECK(fence.want(in_doubt, doubt));
        CHECK(fence.due() == doubt);
        CHECK(
            text(fence.begin(doubt)) ==
            "set var proc.sentinel_spoa.b expr str(R1);set server b/R1 state maint");
        const auto fenced = fence.take(backend({out("R1", 41), in("R2")}, {"R1"}), doubt + 2ms);
        REQUIRE(fenced.size() == 1);
        CHECK(fenced[0].server == "R1");
        CHECK(fenced[0].sessions == 41);
        CHECK(fenced[0].took == 2ms);
        CHECK_FALSE(fenced[0].stray);
    }

    TEST_CASE("what is wanted already is no news")
    {
        auto fence = settled();
        CHECK_FALSE(fence.want(first, start + 10ms));
        CHECK(fence.due() == start + look_period);
    }

    TEST_CASE("sessions are ended once more after a fence, and again until there are none")
    {
        auto fence = switched();
        auto now = start;
        for (const auto after : {cut_after, cut_again_after}) {
            now = fence.due();
            CHECK(now == start + after);
            CHECK(text(fence.begin(now)) == "shutdown sessions server b/R1");
            fence.take(backend({out("R1", 3), in("R2")}, {"R1"}), now);
            CHECK_FALSE(fence.is_out("R1"));
        }
        CHECK(fence.due() == now + not_yet_period);

        now = fence.due();
        CHECK(text(fence.begin(now)) == "shutdown sessions server b/R1");
        fence.take(backend({out("R1"), in("R2")}, {"R1"}), now);
        CHECK(fence.due() == now + look_period);
        CHECK(text(fence.begin(fence.due())).empty());
        CHECK(fence.is_out("R1"));
    }

    TEST_CASE("no session is shut while it may still be connecting")
    {
        auto fence = switched();
        fence.want({{"R1", Wish::idle}, {"R2", Wish::idle}, {"R3", Wish::ready}}, start + 10ms);
        CHECK(text(fence.begin(start + 10ms)).find("shutdown") == std::string::npos);
    }

    TEST_CASE("once maintenance has ended the sessions, they are ended once more all the same")
    {
        auto fence = settled();
        fence.want(second, start);
        fence.begin(start);
        fence.take(backend({out("R1"), in("R2")}, {"R1"}), start);
        CHECK(fence.due() == start + cut_again_after);
        CHECK(text(fence.begin(fence.due())) == "shutdown sessions server b/R1");
    }

    TEST_CASE("the old master is ready again after its rest, and is then like any other")
    {
        auto fence = switched();
        const auto rested = start + rest_after;
        CHECK(text(fence.begin(rested - 1ms)).find("ready") == std::string::npos);
        fence.take(backend({out("R1"), in("R2")}, {"R1"}), rested - 1ms);
        CHECK(
            text(fence.begin(rested)) ==
            "set server b/R1 state ready;set var proc.sentinel_spoa.b expr str()");
        fence.take(backend({in("R1"), in("R2")}), rested);
        CHECK(text(fence.begin(rested + 1s)).empty());
        CHECK(fence.is_out("R1"));
        CHECK(fence.not_out_yet().empty());
    }

    TEST_CASE("a rest that somebody else ends a moment earlier is over")
    {
        auto fence = switched();
        fence.begin(start + 1s);
        fence.take(backend({out("R1"), in("R2")}, {"R1"}), start + 1s);
        const auto now = start + rest_after - 100ms;
        fence.begin(now);
        fence.take(backend({in("R1"), in("R2")}, {"R1"}), now);
        CHECK(text(fence.begin(fence.due())).find("state maint") == std::string::npos);
    }

    TEST_CASE("a HAProxy that is reloaded in the middle of a rest is fenced once more")
    {
        auto fence = switched();
        fence.begin(start + 1s);
        fence.take(backend({in("R1"), in("R2")}), start + 1s);
        CHECK_FALSE(fence.is_out("R1"));
        CHECK(
            text(fence.begin(fence.due())).find("set server b/R1 state maint") !=
            std::string::npos);
    }

    TEST_CASE("an agent that finds a fence of the one before ends it")
    {
        Fence fence("b");
        fence.want(second, start);
        fence.begin(start);
        fence.take(backend({out("R1"), in("R2")}, {"R1"}), start);
        fence.begin(start + rest_after);
        fence.take(backend({out("R1"), in("R2")}, {"R1"}), start + rest_after);
        CHECK(
            text(fence.begin(start + rest_after + 1s)).find("set server b/R1 state ready") !=
            std::string::npos);
    }

    TEST_CASE("a false alarm lifts the maintenance, and cuts nothing afterwards")
    {
        auto fence = settled();
        fence.want(in_doubt, start);
        fence.begin(start);
        fence.take(backend({out("R1", 40), in("R2")}, {"R1"}), start);
        CHECK(fence.lets_in("R1") == false);
        fence.want(first, start + 50ms);
        CHECK(
            text(fence.begin(start + 50ms)) ==
            "set server b/R1 state ready;set var proc.sentinel_spoa.b expr str()");
        fence.take(backend({in("R1"), in("R2")}), start + 51ms);
        CHECK(fence.lets_in("R1") == true);
        CHECK(text(fence.begin(start + 2s)).empty());
    }

    TEST_CASE("a switch during a turn is due at its end")
    {
        auto fence = settled();
        fence.begin(start + 1s);
        fence.want(second, start + 1s + 1ms);
        fence.take(backend({in("R1"), in("R2")}), start + 1s + 2ms);
        CHECK(fence.due() == start + 1s + 1ms);
        CHECK(
            text(fence.begin(start + 1s + 2ms)) ==
            "set var proc.sentinel_spoa.b expr str(R1);set server b/R1 state maint");
        const auto fenced = fence.take(backend({out("R1"), in("R2")}, {"R1"}), start + 1s + 4ms);
        REQUIRE(fenced.size() == 1);
        CHECK(fenced[0].took == 3ms);
    }

    TEST_CASE("after a failed turn it looks before it acts, and the decision is as old as it is")
    {
        auto fence = settled();
        fence.want(in_doubt, start);
        fence.begin(start);
        fence.lose(start + 1ms, start + 100ms);
        CHECK(fence.due() == start + 100ms);
        CHECK(text(fence.begin(start + 100ms)).empty());
        fence.take(backend({in("R1", 40), in("R2")}), start + 100ms);
        fence.begin(start + 100ms);
        const auto fenced = fence.take(backend({out("R1", 40), in("R2")}, {"R1"}), start + 102ms);
        REQUIRE(fenced.size() == 1);
        CHECK(fenced[0].took == 102ms);
    }

    TEST_CASE("while HAProxy does not answer, a fence that is due is known, and none at rest")
    {
        auto fence = settled();
        fence.lose(start, start);
        CHECK(fence.not_out_yet().empty());
        CHECK_FALSE(fence.unsettled_since());
        CHECK(fence.lets_in("R2") == true);
        fence.want(second, start + 5ms);
        fence.begin(start + 5ms);
        fence.lose(start + 6ms, start + 6ms);
        CHECK(fence.not_out_yet() == std::set<std::string>{"R1"});
        CHECK(fence.unsettled_since() == start + 6ms);
        fence.begin(start + 1s);
        fence.take(backend({in("R1", 40), in("R2")}), start + 1s);
        fence.begin(start + 1s);
        fence.take(backend({out("R1", 40), in("R2")}, {"R1"}), start + 1s);
        fence.begin(start + 2s);
        fence.take(backend({out("R1"), in("R2")}, {"R1"}), start + 2s);
        CHECK(fence.not_out_yet().empty());
        CHECK_FALSE(fence.unsettled_since());
    }

    TEST_CASE("maintenance from before a failed turn is no longer ours without a mark")
    {
        auto fence = switched();
        CHECK(fence.is_ours("R1"));
        fence.lose(start, start);
        fence.begin(start);
        fence.take(backend({out("R1"), in("R2")}), start);
        CHECK_FALSE(fence.is_ours("R1"));
    }

    TEST_CASE("a server whose host name leads elsewhere is put out, moved, and let in again")
    {
        auto fence = settled();
        const Places moved{{"R1", {{{"10.0.0.9", 1}}, true, true}}};
        CHECK(fence.expect(moved, start + 10ms));
        const auto old = [](ServerSeen server) { return at(std::move(server), "10.0.0.1:1"); };
        auto now = start + 10ms;
        CHECK(fence.due() == now);
        CHECK(text(fence.begin(now)).empty());  // it is looked where it leads
        fence.take(backend({old(in("R1", 2)), in("R2")}), now);
        CHECK(fence.is_moving(old(in("R1", 2))));

        now = fence.due();
        CHECK(text(fence.begin(now)).ends_with("set server b/R1 state maint"));
        fence.take(backend({old(out("R1", 2)), in("R2")}, {"R1"}), now);
        now = fence.due();
        CHECK(text(fence.begin(now)) == "shutdown sessions server b/R1");
        fence.take(backend({old(out("R1", 2)), in("R2")}, {"R1"}), now);
        now = fence.due();
        fence.begin(now);
        fence.take(backend({old(out("R1")), in("R2")}, {"R1"}), now);
        CHECK(fence.due() == now);  // it has no session
        CHECK(text(fence.begin(now)) == "set server b/R1 addr 10.0.0.9 port 1");
        fence.take(backend({at(out("R1"), "10.0.0.9:1"), in("R2")}, {"R1"}), now);
        CHECK(fence.due() == now);
        CHECK(text(fence.begin(now)).starts_with("set server b/R1 state ready"));
        fence.take(backend({at(in("R1"), "10.0.0.9:1"), in("R2")}), now);
        CHECK_FALSE(fence.unsettled_since());
    }

    TEST_CASE("a server that HAProxy does not move is told of after a second")
    {
        auto fence = settled();
        const auto astray = at(out("R1"), "10.0.0.1:1");
        fence.expect({{"R1", {{{"10.0.0.9", 1}}, true, true}}}, start);
        for (const auto now : {start, start + 1ms, start + settle_limit}) {
            fence.begin(now);
            fence.take(backend({astray, in("R2")}, {"R1"}), now);
            CHECK(fence.is_moving(astray));
        }
        const auto late = start + settle_limit + 2ms;
        fence.begin(late);
        fence.take(backend({astray, in("R2")}, {"R1"}), late);
        CHECK_FALSE(fence.is_moving(astray));
    }

    TEST_CASE("what a look shows is acted upon at once, be it the first that tells of sessions")
    {
        Fence fence("b");
        fence.begin(start);
        fence.take(backend({in("R1"), in("R2")}), start);  // sessions are asked for from now on
        fence.want(second, start);
        CHECK(text(fence.begin(start)).empty());
        fence.take(backend({in("R1", 9), in("R2")}), start);
        CHECK(fence.due() == start);
        CHECK(text(fence.begin(start)).ends_with("set server b/R1 state maint"));
    }

    TEST_CASE("a command that HAProxy did not carry out is no fence, and is tried again")
    {
        auto fence = settled();
        fence.want(in_doubt, start);
        fence.begin(start);
        CHECK(fence.take(backend({in("R1", 40), in("R2")}), start).empty());
        CHECK(fence.due() <= start + cut_again_after);
        CHECK(
            text(fence.begin(fence.due())).find("set server b/R1 state maint") !=
            std::string::npos);
    }
}
