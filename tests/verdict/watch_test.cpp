#include "verdict/watch.hpp"

#include "sentinel/event_parser.hpp"
#include "verdict/probes.hpp"
#include "verdict/votes.hpp"
#include "verdict/warnings.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace spoa;
using namespace std::chrono_literals;
using spoa::test::answered;
using spoa::test::at;
using spoa::test::endpoint;
using spoa::test::m;
using spoa::test::silent;
using spoa::test::subject;
using spoa::test::vote;
using verdict::State;
using verdict::Watch;

TEST_SUITE("verdict/watch")
{
    TEST_CASE("the second of three votes opens the gate")
    {
        Watch watch(subject(), 3, at(0));
        CHECK_FALSE(watch.verdict().open);
        watch.cast(0, vote("r1:1", 1, 10));
        watch.review(at(10));
        CHECK_FALSE(watch.verdict().open);
        watch.cast(2, vote("r1:1", 1, 12));
        const auto change = watch.review(at(12));
        REQUIRE(change.has_value());
        CHECK_FALSE(change->before.open);
        CHECK(change->after.open);
        CHECK(watch.since() == at(12));
    }

    TEST_CASE("a review without news is no change")
    {
        Watch watch(subject(), 1, at(0));
        watch.cast(0, vote("r1:1", 1, 0));
        CHECK(watch.review(at(0)).has_value());
        CHECK_FALSE(watch.review(at(1)).has_value());
    }

    TEST_CASE("a vote once again is no news, one that differs or comes late is")
    {
        Watch watch(subject(), 3, at(0));
        CHECK(watch.cast(0, vote("r1:1", 1, 0)));
        CHECK_FALSE(watch.cast(0, vote("r1:1", 1, 500)));
        CHECK(watch.cast(0, vote("r1:1", 2, 1'000)));
        CHECK(watch.cast(0, vote("r2:1", 2, 1'500)));
        auto down = vote("r2:1", 2, 2'000);
        down.flags.s_down = true;
        CHECK(watch.cast(0, down));
        CHECK(watch.cast(0, [&] {
            auto late = down;
            late.answered_at = at(3'501);
            return late;
        }()));
        CHECK(watch.ballots()[0]->answered_at == at(3'501));
        watch.lose(0);
        CHECK(watch.cast(0, vote("r2:1", 2, 3'600)));
    }

    TEST_CASE("votes that age and connections that break lose the quorum")
    {
        Watch watch(subject(), 3, at(0));
        for (std::size_t i = 0; i < 3; ++i)
            watch.cast(i, vote("r1:1", 1, 0));
        watch.review(at(0));
        CHECK(watch.verdict().state == State::ok);
        watch.lose(0);
        watch.review(at(1));
        CHECK(watch.verdict().state == State::degraded);
        watch.lose(1);
        watch.review(at(2));
        CHECK(watch.verdict().state == State::no_quorum);
        watch.cast(0, vote("r1:1", 1, 100));
        watch.review(at(100));
        CHECK(watch.verdict().state == State::degraded);
        watch.review(at(1'601));
        CHECK(watch.verdict().state == State::no_quorum);
    }

    TEST_CASE("a switch tells how long it took since the first vote for the new master")
    {
        Watch watch(subject(), 3, at(0));
        for (std::size_t i = 0; i < 3; ++i)
            watch.cast(i, vote("r1:1", 1, 0));
        watch.review(at(0));
        watch.cast(0, vote("r2:1", 2, 100));
        const auto doubt = watch.review(at(100));
        REQUIRE(doubt.has_value());
        CHECK_FALSE(doubt->delay.has_value());
        watch.cast(1, vote("r2:1", 2, 170));
        const auto change = watch.review(at(170));
        REQUIRE(change.has_value());
        CHECK(change->after.address == endpoint("r2:1"));
        CHECK(change->delay == 70ms);
    }

    TEST_CASE("a vote more or less does not restart the clock of the verdict")
    {
        Watch watch(subject(), 5, at(0));
        for (std::size_t i = 0; i < 5; ++i)
            watch.cast(i, vote("r1:1", 1, 0));
        watch.review(at(0));
        watch.lose(0);
        watch.review(at(10));
        REQUIRE(watch.since() == at(10));
        watch.lose(1);
        CHECK(watch.review(at(20)).has_value());
        CHECK(watch.since() == at(10));
    }

    TEST_CASE("a promotion that is heard of closes the gate, and the new master opens it")
    {
        Watch watch(subject(), 3, at(0));
        for (std::size_t i = 0; i < 3; ++i)
            watch.cast(i, vote("r1:1", 1, 0));
        watch.review(at(0));
        const auto event = sentinel::parse_event(
            "+failover-state-send-slaveof-noone", "slave r2:1 r2 1 @ mymaster r1 1");
        watch.hear(1, event.value(), at(10));
        watch.review(at(10));
        CHECK(watch.verdict().state == State::switching);
        CHECK_FALSE(watch.verdict().open);
        watch.cast(0, vote("r2:1", 2, 20));
        watch.cast(1, vote("r2:1", 2, 20));
        watch.review(at(20));
        CHECK(watch.verdict().open);
        CHECK(watch.verdict().address == endpoint("r2:1"));
        CHECK(watch.standing().tombstones.size() == 1);
    }

    TEST_CASE("an aborted failover opens the gate again, another Sentinel's abort does not")
    {
        for (const std::string abort :
             {"-failover-abort-slave-timeout", "-failover-abort-master-timeout"}) {
            CAPTURE(abort);
            Watch watch(subject(), 3, at(0));
            for (std::size_t i = 0; i < 3; ++i)
                watch.cast(i, vote("r1:1", 1, 0));
            const auto begun = sentinel::parse_event(
                "+failover-state-send-slaveof-noone", "slave r2:1 r2 1 @ mymaster r1 1");
            const auto aborted = sentinel::parse_event(abort, "master mymaster r1 1");
            watch.hear(1, begun.value(), at(10));
            watch.hear(0, aborted.value(), at(20));
            watch.review(at(20));
            CHECK(watch.verdict().state == State::switching);
            watch.hear(1, aborted.value(), at(30));
            watch.review(at(30));
            CHECK(watch.verdict().state == State::ok);
        }
    }

    TEST_CASE(
        "of the replicas that may be promoted those without a server are kept, ten of each Sentinel")
    {
        Watch watch(subject(), 3, at(0));
        auto told = vote("r1:1", 1, 0);
        told.promotable = {endpoint("r2:1"), endpoint("r9:1"), endpoint("r3:1")};
        watch.cast(0, told);
        CHECK(watch.ballots()[0]->promotable == std::vector{endpoint("r9:1")});
        for (int i = 10; i < 40; ++i)
            told.promotable.push_back(endpoint("x" + std::to_string(i) + ":1"));
        watch.cast(1, told);
        CHECK(watch.ballots()[1]->promotable.size() == 10);
        CHECK(unmapped_replicas(watch).size() == 10);  // the one of the first is among them

        auto any = subject();
        any.servers.clear();
        watch.set_subject(any);
        told.promotable = {endpoint("r9:1")};
        watch.cast(0, told);
        CHECK(watch.ballots()[0]->promotable.empty());
    }

    TEST_CASE("after forgetting everything nothing is open until a majority answers anew")
    {
        Watch watch(subject(), 3, at(0));
        for (std::size_t i = 0; i < 3; ++i)
            watch.cast(i, vote("r1:1", 1, 0));
        watch.review(at(0));
        watch.forget(at(1'000));
        watch.review(at(1'000));
        CHECK(watch.verdict().state == State::stale);
        CHECK_FALSE(watch.verdict().open);
        watch.cast(0, vote("r1:1", 1, 1'001));
        watch.review(at(1'001));
        CHECK_FALSE(watch.verdict().open);
        watch.cast(1, vote("r1:1", 1, 1'002));
        watch.review(at(1'002));
        CHECK(watch.verdict().open);
    }

    TEST_CASE("nobody answers anew: the last master is held after two seconds")
    {
        Watch watch(subject(), 3, at(0));
        watch.restore(endpoint("r1:1"), 7, at(0));
        watch.review(at(0));
        CHECK(watch.verdict().state == State::stale);
        CHECK_FALSE(watch.verdict().open);
        watch.review(at(2'001));
        CHECK(watch.verdict().state == State::no_quorum);
        CHECK(watch.verdict().open);
        CHECK(watch.verdict().epoch == 7);
    }

    TEST_CASE("a restored epoch is not forgotten: an older majority is a regress")
    {
        Watch watch(subject(), 3, at(0));
        watch.restore(endpoint("r2:1"), 7, at(0));
        for (std::size_t i = 0; i < 3; ++i)
            watch.cast(i, vote("r1:1", 6, 0));
        watch.review(at(0));
        CHECK(watch.verdict().state == State::regress);
        CHECK(watch.verdict().address == endpoint("r2:1"));
    }

    TEST_CASE("a node that said last that it is a replica, and is stopped, opens in no state")
    {
        Watch watch(subject(), 3, at(0));
        const auto vote_at = [&](int now, std::size_t heard, std::string_view other = "r1:1") {
            for (std::size_t i = 0; i < 3; ++i) {
                if (i >= heard)
                    watch.lose(i);
                else if (i == 0)
                    watch.cast(i, vote("r1:1", 1, now));
                else
                    watch.cast(i, vote(other, 1, now));
            }
            watch.review(at(now));
        };
        vote_at(0, 3);
        auto replica = answered(m, verdict::Role::replica, 10);
        watch.examine(replica);
        vote_at(20, 3);
        REQUIRE(watch.verdict().state == State::not_master);

        replica.silent_since = at(210);
        watch.examine(replica);
        for (int now = 400; now < 10'000; now += 400) {
            vote_at(now, 3);
            CHECK(watch.verdict().state == State::not_master);
            CHECK_FALSE(watch.verdict().open);
        }
        vote_at(10'000, 3, "r2:1");  // a tie, and in its place another master
        CHECK(watch.verdict().state == State::conflict);
        CHECK_FALSE(watch.verdict().open);
        vote_at(10'100, 3);
        // The agent itself was stopped, and knows no probe any more.
        watch.forget(at(10'200));
        watch.examine(silent(m, 10'300));
        vote_at(10'400, 3);
        CHECK(watch.verdict().state == State::not_master);
        // Nor without a majority, when the doubt itself is over.
        for (int now = 10'800; now < 20'000; now += 400) {
            vote_at(now, 1);
            CHECK_FALSE(watch.verdict().open);
        }
        CHECK(watch.verdict().state == State::no_quorum);
        CHECK(
            watch.verdict().reason ==
            "only 1 of 3 Sentinels answers, 2 are needed; of the last master: it last said that it "
            "is a replica");

        watch.examine(answered(m, verdict::Role::master, 20'000));
        vote_at(20'100, 1);
        CHECK(watch.verdict().open);
    }

    TEST_CASE("a node that never answered is used, as behind a firewall")
    {
        Watch watch(subject(), 3, at(0));
        for (int now = 0; now < 5'000; now += 400) {
            for (std::size_t i = 0; i < 3; ++i)
                watch.cast(i, vote("r1:1", 1, now));
            watch.examine(silent(m, 0));
            watch.review(at(now));
        }
        CHECK(watch.verdict().state == State::silent);
        CHECK(watch.verdict().open);
    }

    TEST_CASE("the last twenty notable changes are kept")
    {
        Watch watch(subject(), 1, at(0));
        for (int i = 0; i < 30; ++i) {
            watch.cast(0, vote(i % 2 == 0 ? "r1:1" : "r2:1", static_cast<std::uint64_t>(i), i));
            watch.review(at(i));
        }
        CHECK(watch.history().size() == Watch::history_size);
        CHECK(watch.history().back().at == at(29));
    }

    TEST_CASE("one that is often in doubt keeps its last move in sight")
    {
        Watch watch(subject(), 1, at(0));
        for (int i = 0; i < 100; ++i) {
            auto answer = vote(i == 0 ? "r1:1" : "r2:1", i == 0 ? 1 : 2, i);
            answer.flags.promoting = i > 1 && i % 2 == 0;
            watch.cast(0, answer);
            watch.review(at(i));
        }
        REQUIRE(watch.history().size() == Watch::history_size);
        CHECK(std::ranges::any_of(watch.history(), [](const auto& each) {
            return each.before.address == endpoint("r1:1") &&
                   each.after.address == endpoint("r2:1");
        }));
        CHECK(watch.history().back().at == at(99));
    }
}
