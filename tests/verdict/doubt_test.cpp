#include "verdict/doubt.hpp"

#include "sentinel/electorate.hpp"
#include "verdict/votes.hpp"
#include "verdict/watch.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <vector>

using namespace spoa;
using namespace std::chrono_literals;
using spoa::test::at;
using spoa::test::Ballots;
using spoa::test::endpoint;
using spoa::test::nil;
using spoa::test::vote;
using verdict::Probe;
using verdict::PromotionDoubt;
using verdict::Role;
using verdict::Vote;

namespace {

const Endpoint m = endpoint("r1:1");
const Endpoint r = endpoint("r2:1");

Vote s_down(int when = 0)
{
    auto made = vote("r1:1", 3, when);
    made.flags.s_down = true;
    return made;
}

Vote o_down(int when = 0)
{
    auto made = s_down(when);
    made.flags.o_down = true;
    return made;
}

const Vote fine = vote("r1:1", 3);

Probe answered(const Endpoint& address, Role role, int when, std::uint64_t offset = 0)
{
    Probe made;
    made.address = address;
    made.role = role;
    made.offset = offset;
    made.answered_at = at(when);
    return made;
}

Probe silent(const Endpoint& address, int since)
{
    Probe made;
    made.address = address;
    made.silent_since = at(since);
    return made;
}

using Votes = std::vector<Vote>;

bool down(
    bool was_down, const Votes& votes, std::size_t sentinels = 3, const Probe* probe = nullptr)
{
    return verdict::is_down(was_down, votes, m, sentinels, probe, at(0));
}

}  // namespace

TEST_SUITE("verdict/doubt: down")
{
    TEST_CASE("o_down of one Sentinel closes as soon as a second has s_down")
    {
        CHECK_FALSE(down(false, {o_down(), fine, fine}));
        CHECK(down(false, {o_down(), s_down(), fine}));
        CHECK(down(false, {o_down(), s_down(), fine, fine, fine}, 5));
        CHECK_FALSE(down(false, {o_down(), fine, fine, fine, fine}, 5));
    }

    TEST_CASE("s_down of a majority closes without any o_down, of fewer it does not")
    {
        CHECK(down(false, {s_down(), s_down(), fine}));
        CHECK_FALSE(down(false, {s_down(), fine, fine}));
        CHECK_FALSE(down(false, {s_down(), s_down(), fine, fine, fine}, 5));
    }

    TEST_CASE("the only Sentinel of a deployment is believed alone")
    {
        CHECK(down(false, {o_down()}, 1));
        CHECK(down(false, {s_down()}, 1));
        CHECK_FALSE(down(false, {fine}, 1));
    }

    TEST_CASE("the flags of a Sentinel in TILT and those about another address do not count")
    {
        auto tilted = o_down();
        tilted.in_tilt = true;
        auto other = o_down();
        other.address = r;
        CHECK_FALSE(down(false, {tilted, tilted, o_down()}));
        CHECK_FALSE(down(false, {other, other, o_down()}));
        CHECK(verdict::count_down(Votes{tilted, other, o_down(), s_down(), nil()}, m).s_down == 2);
        CHECK(verdict::count_down(Votes{tilted, other, o_down(), s_down(), nil()}, m).o_down == 1);
    }

    TEST_CASE("once down, it stays so while two see it, although the o_down flickers")
    {
        CHECK(down(true, {s_down(), s_down(), fine, fine, fine}, 5));
        CHECK(down(true, {o_down(), s_down(), fine}));
        CHECK_FALSE(down(true, {fine, fine, fine}));
    }

    TEST_CASE("once down, the last doubt is lifted by the node's own answer, and only a fresh one")
    {
        const auto says_master = answered(m, Role::master, -100);
        const auto says_replica = answered(m, Role::replica, -100);
        const auto long_ago = answered(m, Role::master, -1'001);
        CHECK_FALSE(down(true, {s_down(), fine, fine}, 3, &says_master));
        CHECK(down(true, {s_down(), fine, fine}, 3, &says_replica));
        CHECK(down(true, {s_down(), fine, fine}, 3, &long_ago));
        CHECK_FALSE(down(true, {fine, fine, fine}, 3, &long_ago));
    }

    TEST_CASE("one Sentinel alone that goes on saying o_down does not keep a master down")
    {
        const auto says_master = answered(m, Role::master, -100);
        CHECK_FALSE(down(true, {o_down(), fine, fine}));
        CHECK_FALSE(down(true, {o_down(), fine, fine}, 3, &says_master));
        const auto quiet = silent(m, -100);
        CHECK(down(true, {o_down(), fine, fine}, 3, &quiet));
    }
}

TEST_SUITE("verdict/doubt: a promotion")
{
    // A promotion of r2 heard at at(0) from Sentinel 0, judged later.
    struct Heard {
        Ballots ballots{vote("r1:1", 3), vote("r1:1", 3), vote("r1:1", 3)};
        std::vector<Probe> probes;
        verdict::Promotion promotion{m, r, 0, at(0)};

        PromotionDoubt after(int milliseconds)
        {
            Votes votes;
            for (auto& ballot : ballots)
                if (ballot) {
                    ballot->answered_at = at(milliseconds);
                    votes.push_back(*ballot);
                }
            for (auto& probe : probes)
                if (probe.answered_at)
                    probe.answered_at = at(milliseconds);
            return verdict::promotion_doubt(
                {ballots, probes, promotion}, votes, m, at(milliseconds));
        }
    };

    TEST_CASE("a leader's flag is enough, without any event")
    {
        auto leader = fine;
        leader.flags.promoting = true;
        const Votes votes{leader, fine, fine};
        CHECK(verdict::promotion_doubt({}, votes, m, at(0)) == PromotionDoubt::under_way);
        CHECK(verdict::promotion_doubt({}, votes, r, at(0)) == PromotionDoubt::none);
        CHECK(
            verdict::promotion_doubt({}, Votes{fine, fine, fine}, m, at(0)) ==
            PromotionDoubt::none);
    }

    TEST_CASE("a failover that has not begun to promote closes nothing")
    {
        auto leader = fine;
        leader.flags.failover_in_progress = true;
        CHECK(
            verdict::promotion_doubt({}, Votes{leader, fine, fine}, m, at(0)) ==
            PromotionDoubt::none);
    }

    TEST_CASE("the event is believed for a second, until the leader's flags can be seen")
    {
        Heard heard;
        CHECK(heard.after(0) == PromotionDoubt::under_way);
        CHECK(heard.after(999) == PromotionDoubt::under_way);
        CHECK(heard.after(1'000) == PromotionDoubt::none);
        heard.promotion.master = r;
        CHECK(heard.after(0) == PromotionDoubt::none);
    }

    TEST_CASE("a leader that goes on keeps it closed, whatever state it shows")
    {
        Heard heard;
        heard.ballots[0]->flags.failover_in_progress = true;
        CHECK(heard.after(5'000) == PromotionDoubt::under_way);
    }

    TEST_CASE("a leader that is not heard any more is waited for until its failover-timeout")
    {
        Heard heard;
        heard.ballots[0].reset();
        heard.ballots[1]->failover_timeout = 20s;
        CHECK(heard.after(19'999) == PromotionDoubt::under_way);
        CHECK(heard.after(20'000) == PromotionDoubt::none);
        heard.ballots[1]->failover_timeout = 0s;  // Sentinel's default
        CHECK(heard.after(179'999) == PromotionDoubt::under_way);
        CHECK(heard.after(180'000) == PromotionDoubt::none);
    }

    TEST_CASE(
        "a leader that answers the new address while the majority has the old one is waited for")
    {
        Heard heard;
        heard.ballots[0]->address = r;
        heard.ballots[0]->failover_timeout = 20s;
        CHECK(heard.after(19'999) == PromotionDoubt::under_way);
        CHECK(heard.after(20'000) == PromotionDoubt::none);
    }

    TEST_CASE("a leader listed twice is heard under either address")
    {
        Heard heard;
        for (const auto place : {0, 2})
            heard.ballots[static_cast<std::size_t>(place)]->sentinel_id = std::string(40, 'a');
        const auto now = at(5'000);
        heard.ballots[0]->answered_at = at(4'800);
        heard.ballots[1]->answered_at = heard.ballots[2]->answered_at = at(4'900);
        const auto votes = sentinel::valid_votes(heard.ballots, 1'500ms, now);
        REQUIRE(votes.size() == 2);
        CHECK(
            verdict::promotion_doubt({heard.ballots, {}, heard.promotion}, votes, m, now) ==
            PromotionDoubt::none);
    }

    TEST_CASE("where nodes are probed: replica and master in their old roles end it")
    {
        Heard heard;
        heard.ballots[0].reset();
        heard.probes = {answered(m, Role::master, 0), answered(r, Role::replica, 0)};
        CHECK(heard.after(999) == PromotionDoubt::under_way);
        CHECK(heard.after(1'000) == PromotionDoubt::none);
    }

    TEST_CASE("two masters: closed for twice the failover-timeout, then a conflict")
    {
        Heard heard;
        heard.ballots[1]->failover_timeout = 10s;
        heard.probes = {answered(m, Role::master, 0), answered(r, Role::master, 0)};
        CHECK(heard.after(19'999) == PromotionDoubt::under_way);
        CHECK(heard.after(20'000) == PromotionDoubt::two_masters);
        heard.probes[0].role = Role::replica;
        CHECK(heard.after(20'000) == PromotionDoubt::under_way);
        heard.probes = {answered(m, Role::master, 0), answered(r, Role::replica, 0)};
        CHECK(heard.after(20'000) == PromotionDoubt::none);
    }

    TEST_CASE("a promotion that came to nothing does not come back when its leader falls silent")
    {
        verdict::Watch watch(test::subject(), 3, at(0));
        const auto ask = [&](int when, std::initializer_list<std::size_t> sentinels) {
            for (const auto each : sentinels) {
                auto answer = vote("r1:1", 3, when);
                answer.failover_timeout = 180s;
                watch.cast(each, answer);
            }
            watch.review(at(when));
        };
        ask(0, {0, 1, 2});
        sentinel::Event event;
        event.channel = "+failover-state-send-slaveof-noone";
        event.master = m;
        event.node = r;
        watch.hear(0, event, at(100));
        watch.review(at(100));
        CHECK(watch.verdict().state == verdict::State::switching);
        ask(1'200,
            {0, 1, 2});  // SENTINEL RESET: the failover is gone, and no event told of an abort
        REQUIRE(watch.verdict().open);
        watch.lose(0);
        ask(1'700, {1, 2});
        CHECK(watch.verdict().state == verdict::State::degraded);
        CHECK(watch.verdict().open);
    }
}

TEST_SUITE("verdict/doubt: the role of the node")
{
    TEST_CASE("without a probe, or with one that says nothing in time, nothing is said against it")
    {
        const auto quiet = silent(m, -500);
        CHECK(verdict::role_objection(nullptr, at(0), at(10)).empty());
        CHECK(verdict::role_objection(&quiet, at(0), at(50)).empty());
    }

    TEST_CASE("it is given fifty milliseconds to answer")
    {
        const auto quiet = silent(m, -500);
        CHECK_FALSE(verdict::role_objection(&quiet, at(0), at(0)).empty());
        CHECK_FALSE(verdict::role_objection(&quiet, at(0), at(49)).empty());
        CHECK(verdict::role_objection(&quiet, at(0), at(50)).empty());
    }

    TEST_CASE("a clear `replica` or a data set that is loading stand in the way, at any time")
    {
        const auto replica = answered(m, Role::replica, 5);
        CHECK(verdict::role_objection(&replica, at(0), at(6)) == "it says that it is a replica");
        CHECK(
            verdict::role_objection(&replica, at(0), at(1'005)) == "it says that it is a replica");
        auto loading = answered(m, Role::master, 5);
        loading.loading = true;
        CHECK(verdict::role_objection(&loading, at(0), at(6)) == "it is loading its data");
        const auto master = answered(m, Role::master, 5);
        CHECK(verdict::role_objection(&master, at(0), at(6)).empty());
    }

    TEST_CASE("an answer that has grown old objects to nothing")
    {
        const auto replica = answered(m, Role::replica, 5);
        CHECK(verdict::role_objection(&replica, at(0), at(1'006)).empty());
    }

    TEST_CASE("of answers before the switch only a recent `master` counts")
    {
        const auto just_before = answered(m, Role::master, -200);
        const auto too_early = answered(m, Role::master, -201);
        const auto was_replica = answered(m, Role::replica, -10);
        CHECK(verdict::role_objection(&just_before, at(0), at(0)).empty());
        CHECK_FALSE(verdict::role_objection(&too_early, at(0), at(0)).empty());
        CHECK(
            verdict::role_objection(&was_replica, at(0), at(0)) ==
            "it is being asked for its role");
        CHECK(verdict::role_objection(&was_replica, at(0), at(50)).empty());
    }
}
