#include "verdict/promotion.hpp"

#include "sentinel/electorate.hpp"
#include "verdict/probes.hpp"
#include "verdict/votes.hpp"
#include "verdict/watch.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
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

namespace {

const verdict::Vote fine = vote("r1:1", 3);

}  // namespace

TEST_SUITE("verdict/promotion")
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
