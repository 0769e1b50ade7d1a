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
        std::optional<verdict::Promotion> promotion = verdict::Promotion{m, r, 0, at(0)};
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
            const verdict::Evidence evidence{ballots, probes, promotion};
            verdict::watch_promotions(watch, evidence, votes, m, at(milliseconds));
            return verdict::promotion_doubt(watch, evidence, votes, m, at(milliseconds));
        }
    };

    TEST_CASE("a leader's flag is enough, without any event")
    {
        Heard lab;
        lab.promotion.reset();
        CHECK(lab.after(0) == PromotionDoubt::none);
        lab.ballots[0]->flags.promoting = true;
        CHECK(lab.after(0) == PromotionDoubt::under_way);
        lab.ballots[0]->address = r;
        CHECK(lab.after(0) == PromotionDoubt::none);
    }

    TEST_CASE("a failover that has not begun to promote closes nothing")
    {
        Heard lab;
        lab.promotion.reset();
        lab.ballots[0]->flags.failover_in_progress = true;
        CHECK(lab.after(0) == PromotionDoubt::none);
    }

    TEST_CASE("the event is believed for a second, until the leader's flags can be seen")
    {
        Heard heard;
        CHECK(heard.after(0) == PromotionDoubt::under_way);
        CHECK(heard.after(999) == PromotionDoubt::under_way);
        CHECK(heard.after(1'000) == PromotionDoubt::none);
        heard.promotion->master = r;
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
            verdict::promotion_doubt({}, {heard.ballots, {}, heard.promotion}, votes, m, now) ==
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

TEST_SUITE("verdict/promotion: a word that wears out")
{
    // Three Sentinels with a failover-timeout of 10 s, asked every 500 ms; the first one claims
    // that it promotes another node. Time in milliseconds.
    struct Stuck {
        Ballots ballots{vote("r1:1", 3), vote("r1:1", 3), vote("r1:1", 3)};
        std::optional<verdict::Promotion> promotion;
        std::vector<Probe> probes;
        verdict::PromotionWatch watch;
        int now = 0;

        Stuck()
        {
            for (auto& ballot : ballots)
                ballot->failover_timeout = 10s;
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
            const verdict::Evidence evidence{ballots, probes, promotion};
            verdict::watch_promotions(watch, evidence, votes, m, at(now));
            return verdict::promotion_doubt(watch, evidence, votes, m, at(now));
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
        CHECK(lab.watch.claims[0] == verdict::PromotionWatch::Claim());
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
            verdict::watch_promotions(lab.watch, evidence, votes, m, at(lab.now));
            closed += verdict::promotion_doubt(lab.watch, evidence, votes, m, at(lab.now)) ==
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
                lab.promotion = verdict::Promotion{m, r, 0, at(lab.now)};
                next += 6'000;
            }
            closed += lab.closed_until(lab.now + 500);
        }
        CHECK(closed == 21'000);
    }
}
