#include "verdict/promotion.hpp"

#include "sentinel/electorate.hpp"
#include "verdict/probes.hpp"
#include "verdict/votes.hpp"
#include "verdict/watch.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

using namespace spoa;
using namespace std::chrono_literals;
using spoa::test::answered;
using spoa::test::at;
using spoa::test::Ballots;
using spoa::test::m;
using spoa::test::r;
using spoa::test::vote;
using spoa::test::Votes;
using verdict::Probe;
using verdict::PromotionDoubt;
using verdict::Role;

TEST_SUITE("verdict/promotion")
{
    // A promotion of r2 heard at at(0) from Sentinel 0, judged later.
    struct Heard {
        Ballots ballots{vote("r1:1", 3), vote("r1:1", 3), vote("r1:1", 3)};
        std::vector<Probe> probes;
        std::vector<verdict::Promotion> promotions{{m, r, 0, at(0)}};
        verdict::PromotionWatch watch;

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
            const verdict::Evidence evidence{ballots, probes, promotions};
            verdict::watch_promotions(watch, evidence, votes, {m}, at(milliseconds));
            return verdict::promotion_doubt(watch, evidence, votes, {m}, at(milliseconds));
        }
    };

    TEST_CASE("a leader's flag is enough, without any event")
    {
        Heard lab;
        lab.promotions.clear();
        CHECK(lab.after(0) == PromotionDoubt::none);
        lab.ballots[0]->flags.promoting = true;
        CHECK(lab.after(0) == PromotionDoubt::under_way);
        lab.ballots[0]->address = r;
        CHECK(lab.after(0) == PromotionDoubt::none);
    }

    TEST_CASE("a failover that has not begun to promote closes nothing")
    {
        Heard lab;
        lab.promotions.clear();
        lab.ballots[0]->flags.failover_in_progress = true;
        CHECK(lab.after(0) == PromotionDoubt::none);
    }

    TEST_CASE("the event is believed for a second, until the leader's flags can be seen")
    {
        Heard heard;
        CHECK(heard.after(0) == PromotionDoubt::under_way);
        CHECK(heard.after(999) == PromotionDoubt::under_way);
        CHECK(heard.after(1'000) == PromotionDoubt::none);
        heard.promotions[0].master = r;
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
            verdict::promotion_doubt({}, {heard.ballots, {}, heard.promotions}, votes, {m}, now) ==
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
        heard.probes = {answered(m, Role::master, 0), answered(r, Role::replica, 0)};
        CHECK(heard.after(0) == PromotionDoubt::under_way);
        heard.probes[1].role = Role::master;
        heard.watch.calm_since.reset();
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

TEST_SUITE("verdict/promotion: a word that wears out")
{
    // Three Sentinels with a failover-timeout of 10 s, asked every 500 ms; the first one claims
    // that it promotes another node, and the second one bears it out: it sees the master as down.
    // Time in milliseconds.
    struct Stuck {
        Ballots ballots{vote("r1:1", 3), vote("r1:1", 3), vote("r1:1", 3)};
        std::vector<verdict::Promotion> promotions;
        std::vector<Probe> probes;
        verdict::PromotionWatch watch;
        int now = 0;

        Stuck()
        {
            for (auto& ballot : ballots)
                ballot->failover_timeout = 10s;
            ballots[1]->flags.s_down = true;
            claim();
        }
        void claim()
        {
            ballots[0]->flags.failover_in_progress = ballots[0]->flags.promoting = true;
        }
        void be_plain() { ballots[0]->flags = {}; }
        PromotionDoubt ask()
        {
            Votes votes;
            for (auto& ballot : ballots)
                if (ballot) {
                    ballot->answered_at = at(now);
                    votes.push_back(*ballot);
                }
            for (auto& probe : probes)
                probe.answered_at = at(now);
            const verdict::Evidence evidence{ballots, probes, promotions};
            verdict::watch_promotions(watch, evidence, votes, {m}, at(now));
            return verdict::promotion_doubt(watch, evidence, votes, {m}, at(now));
        }
        // Until `end`; how long the gate was closed.
        int closed_until(int end)
        {
            int closed = 0;
            for (; now < end; now += 500)
                closed += ask() == PromotionDoubt::none ? 0 : 500;
            return closed;
        }
    };

    TEST_CASE("a flag that stands for ever closes for two failover-timeouts and a second")
    {
        Stuck lab;
        CHECK(lab.closed_until(21'000) == 21'000);
        CHECK(lab.closed_until(200'000) == 0);
    }

    TEST_CASE("a promotion that takes as long as it may is closed to its end")
    {
        Stuck lab;
        CHECK(lab.closed_until(20'500) == 20'500);
        lab.be_plain();
        CHECK(lab.closed_until(22'000) == 0);
        CHECK(lab.watch.claims[0].lasted == 0s);
    }

    TEST_CASE("the Sentinel that claims can neither stretch nor shorten the bound")
    {
        Stuck lab;
        lab.ballots[0]->failover_timeout = 1'000'000s;
        CHECK(lab.closed_until(60'000) == 21'000);
        Stuck shorter;
        shorter.ballots[0]->failover_timeout = 1ms;
        CHECK(shorter.closed_until(60'000) == 21'000);
    }

    TEST_CASE("the only Sentinel of a deployment bounds its own word")
    {
        Stuck lab;
        lab.ballots.resize(1);
        CHECK(lab.closed_until(60'000) == 21'000);
    }

    TEST_CASE("seen plain once it is believed again, as long as the first time")
    {
        Stuck lab;
        lab.closed_until(40'000);
        lab.be_plain();
        CHECK(lab.ask() == PromotionDoubt::none);
        lab.claim();
        CHECK(lab.closed_until(60'000) == 20'000);
    }

    TEST_CASE("another Sentinel that promotes is believed meanwhile")
    {
        Stuck lab;
        lab.closed_until(40'000);
        lab.ballots[1]->flags.promoting = true;
        CHECK(lab.ask() == PromotionDoubt::under_way);
    }

    TEST_CASE("silence, TILT and another address are not plain, and time in them does not count")
    {
        Stuck lab;
        lab.closed_until(10'000);
        const auto ballot = lab.ballots[0];
        SUBCASE("silence")
        {
            lab.ballots[0].reset();
        }
        SUBCASE("TILT")
        {
            lab.ballots[0]->in_tilt = true;
        }
        SUBCASE("another address")
        {
            lab.ballots[0]->address = r;
            lab.ballots[0]->flags = {};
        }
        CHECK(lab.closed_until(60'000) == 0);
        lab.ballots[0] = ballot;
        CHECK(lab.closed_until(100'000) == 11'500);
    }

    TEST_CASE("listed twice, it has one word")
    {
        Stuck lab;
        lab.ballots.push_back(lab.ballots[0]);
        for (const auto place : {0, 3})
            lab.ballots[static_cast<std::size_t>(place)]->sentinel_id = std::string(40, 'a');
        int closed = 0;
        for (; lab.now < 60'000; lab.now += 250) {
            const auto place = lab.now % 500 == 0 ? 0U : 3U;  // asked in turn
            for (auto& ballot : lab.ballots)
                ballot->answered_at = at(lab.now - 250);
            lab.ballots[place]->answered_at = at(lab.now);
            const auto votes = sentinel::valid_votes(lab.ballots, 1'500ms, at(lab.now));
            const verdict::Evidence evidence{lab.ballots, {}, {}};
            verdict::watch_promotions(lab.watch, evidence, votes, {m}, at(lab.now));
            closed += verdict::promotion_doubt(lab.watch, evidence, votes, {m}, at(lab.now)) ==
                              PromotionDoubt::none
                          ? 0
                          : 250;
        }
        CHECK(closed == 21'000);
    }

    TEST_CASE("events that are said again and again do not begin the time anew")
    {
        Stuck lab;
        lab.ballots[0]->flags.promoting = false;
        int closed = 0;
        for (int next = 0; lab.now < 60'000;) {
            if (lab.now >= next) {
                lab.promotions = {{m, r, 0, at(lab.now)}};
                next += 6'000;
            }
            closed += lab.closed_until(lab.now + 500);
        }
        CHECK(closed == 21'000);
    }
}

TEST_SUITE("verdict/promotion: a word alone")
{
    using verdict::least_cost;
    using verdict::lone_budget;
    using verdict::State;

    sentinel::Event event(std::string_view channel)
    {
        sentinel::Event made;
        made.channel = channel;
        made.master = m;
        made.node = r;
        return made;
    }

    const auto promotes = event("+failover-state-send-slaveof-noone");
    const auto aborts = event("-failover-abort-not-elected");

    // A watch over three Sentinels that name r1. Time in milliseconds, 10 of them a step.
    struct Town {
        verdict::Watch watch{test::subject(), 3, at(0)};
        Ballots answers{vote("r1:1", 3), vote("r1:1", 3), vote("r1:1", 3)};
        std::vector<Probe> probes;
        int now = 0;
        int closed = 0;

        Town() { run(6'000); }
        void answer()
        {
            for (std::size_t i = 0; i < answers.size(); ++i) {
                answers[i]->answered_at = at(now);
                answers[i]->failover_timeout = 10s;
                watch.cast(i, *answers[i]);
            }
            for (auto probe : probes) {
                probe.answered_at = at(now);
                watch.examine(probe);
            }
        }
        void step()
        {
            if (now % 500 == 0)
                answer();
            watch.review(at(now));
            closed += watch.verdict().open ? 0 : 10;
            now += 10;
        }
        // How long it was closed meanwhile.
        int run(int end)
        {
            const int before = closed;
            while (now < end)
                step();
            return closed - before;
        }
        void hear(std::size_t who, const sentinel::Event& what)
        {
            watch.hear(who, what, at(now));
            watch.review(at(now));
        }
        // Begins and takes back, as often as there are steps; how long it was closed.
        int flap(std::size_t who, int end)
        {
            const int before = closed;
            while (now < end) {
                hear(who, now % 20 == 0 ? promotes : aborts);
                step();
            }
            return closed - before;
        }
        // The most in any minute of a day's hour.
        template <class Each>
        int worst_minute(Each each)
        {
            std::vector<int> closed_at;
            for (int end = now + 600'000; now < end;) {
                each();
                step();
                closed_at.push_back(closed);
            }
            int worst = 0;
            for (std::size_t i = 6'000; i < closed_at.size(); ++i)
                worst = std::max(worst, closed_at[i] - closed_at[i - 6'000]);
            return worst;
        }
    };

    constexpr int budget = static_cast<int>(lone_budget.count());

    TEST_CASE("the first announcement is believed at once")
    {
        Town town;
        town.hear(2, promotes);
        CHECK(town.watch.verdict().state == State::switching);
        CHECK_FALSE(town.watch.verdict().open);
    }

    TEST_CASE("a Sentinel that flaps closes four times, and then no more")
    {
        Town town;
        int times = 0;
        for (int i = 0; i < 10'000; ++i) {
            town.hear(2, i % 2 == 0 ? promotes : aborts);
            times += town.watch.verdict().open ? 0 : 1;
        }
        CHECK(times == budget / least_cost.count());
        CHECK(town.flap(2, town.now + 30'000) == 0);
    }

    TEST_CASE("whatever one Sentinel does, the worst minute is bounded")
    {
        Town town;
        const auto promoting = [&](bool yes) {
            town.answers[2]->flags.promoting = town.answers[2]->flags.failover_in_progress = yes;
            town.answer();
        };
        int i = 0;
        int worst = 0;
        SUBCASE("an event and its abort, over and over")
        {
            worst = town.worst_minute([&] { town.hear(2, i++ % 2 == 0 ? promotes : aborts); });
        }
        SUBCASE("an event now and then")
        {
            worst = town.worst_minute([&] {
                if (i++ % 1'500 == 0)
                    town.hear(2, promotes);
            });
        }
        SUBCASE("flags that stand")
        {
            promoting(true);
            worst = town.worst_minute([] {});
        }
        SUBCASE("flags that come and go")
        {
            worst = town.worst_minute([&] { promoting(i++ % 70 < 30); });
        }
        SUBCASE("a minute's rest less a second between")
        {
            worst = town.worst_minute([&] { promoting(i++ % 6'000 < 100); });
        }
        SUBCASE("a minute's rest between")
        {
            worst = town.worst_minute([&] { promoting(i++ % 6'300 < 250); });
        }
        SUBCASE("down, now and then, with it")
        {
            worst = town.worst_minute([&] {
                town.answers[2]->flags.s_down = town.answers[2]->flags.o_down = i % 3 == 0;
                promoting(i++ % 50 < 25);
            });
        }
        SUBCASE("another address at a higher epoch and at a lower one")
        {
            worst = town.worst_minute([&] {
                ++i;
                town.answers[2] = vote(
                    i % 40 < 20 ? "r2:1" : "r1:1", static_cast<std::uint64_t>(i % 7), town.now);
                promoting(i % 3 == 0);
            });
        }
        CHECK(worst <= budget + 10);
        CHECK(town.watch.verdict().address == m);
    }

    TEST_CASE("by an announcement from before the agent listened it closes no longer either")
    {
        Town town;
        town.watch = verdict::Watch(test::subject(), 3, at(town.now));
        town.answers[2] = vote("r2:1", 4);
        town.answer();
        town.step();
        REQUIRE(town.watch.verdict().state == State::switching);
        CHECK(town.run(town.now + 60'000) <= budget);
        CHECK(town.watch.verdict().open);
    }

    TEST_CASE("a minute without a claim gives all back, less does not")
    {
        Town town;
        town.flap(2, town.now + 1'000);
        town.run(town.now + 59'000);
        town.hear(2, promotes);
        CHECK(town.watch.verdict().open);
        town.hear(2, aborts);
        town.run(town.now + 60'000);
        town.hear(2, promotes);
        CHECK_FALSE(town.watch.verdict().open);
    }

    TEST_CASE(
        "another Sentinel is believed meanwhile, and its promotion outlives what the first says")
    {
        Town town;
        town.flap(2, town.now + 1'000);
        REQUIRE(town.watch.verdict().open);
        town.hear(1, promotes);
        CHECK_FALSE(town.watch.verdict().open);
        CHECK(town.flap(2, town.now + 500) == 500);
        town.answers[0] = town.answers[1] = vote("r2:1", 4);
        town.answer();
        town.hear(2, promotes);
        CHECK(town.watch.verdict().open);
        CHECK(town.watch.verdict().address == r);
    }

    TEST_CASE("one that flapped is believed as soon as something bears it out")
    {
        Town town;
        SUBCASE("a second Sentinel that sees the master as down")
        {
            town.flap(2, town.now + 1'000);
            town.hear(2, promotes);
            REQUIRE(town.watch.verdict().open);
            town.answers[0]->flags.s_down = true;
        }
        SUBCASE("the candidate, which turns master")
        {
            town.probes = {answered(m, Role::master, 0), answered(r, Role::replica, 0)};
            town.answer();
            town.flap(2, town.now + 1'000);
            town.hear(2, promotes);
            REQUIRE(town.watch.verdict().open);
            town.probes[1].role = Role::master;
        }
        town.answer();
        town.watch.review(at(town.now));
        CHECK(town.watch.verdict().state == State::switching);
    }

    TEST_CASE("a node that was master before bears nobody out")
    {
        Town town;
        town.probes = {answered(m, Role::master, 0), answered(r, Role::master, 0)};
        town.answer();
        town.watch.review(at(town.now));
        town.hear(2, promotes);
        REQUIRE_FALSE(town.watch.verdict().open);
        CHECK(town.run(town.now + 60'000) < budget);
    }

    TEST_CASE("who was right is believed as at first: two planned failovers in a minute")
    {
        Town town;
        for (int i = 0; i < 3; ++i) {
            town.hear(2, promotes);
            town.answers[2]->flags.promoting = town.answers[2]->flags.failover_in_progress = true;
            CHECK(town.run(town.now + 1'500) == 1'500);
            town.answers.assign(3, vote("r2:1", 4 + 2 * static_cast<std::uint64_t>(i)));
            town.answer();
            town.run(town.now + 100);
            REQUIRE(town.watch.verdict().open);
            town.answers.assign(3, vote("r1:1", 5 + 2 * static_cast<std::uint64_t>(i)));
            town.answer();
            town.run(town.now + 100);
            REQUIRE(town.watch.verdict().open);
        }
    }

    TEST_CASE("the only Sentinel needs nobody to bear it out")
    {
        verdict::Watch watch(test::subject(), 1, at(0));
        for (int now = 0; now < 10'000; now += 500) {
            auto answer = vote("r1:1", 3, now);
            answer.flags.promoting = now > 0;
            watch.cast(0, answer);
            watch.review(at(now));
            CHECK(watch.verdict().open == (now == 0));
        }
    }

    TEST_CASE("a stop of the agent costs nobody his budget, and gives nobody a new one")
    {
        Town town;
        town.hear(2, promotes);
        town.now += 20'000;
        town.watch.forget(at(town.now));
        town.answers[2]->flags.promoting = true;
        town.answer();
        town.step();
        CHECK(town.watch.verdict().state == State::switching);
        town.run(town.now + 5'000);
        REQUIRE(town.watch.verdict().open);
        town.watch.forget(at(town.now));
        town.answer();
        town.step();
        CHECK(town.watch.verdict().open);
    }
}
