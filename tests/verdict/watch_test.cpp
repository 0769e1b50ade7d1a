#include "verdict/watch.hpp"

#include "verdict/votes.hpp"

#include <doctest/doctest.h>

using namespace spoa;
using namespace std::chrono_literals;
using spoa::test::at;
using spoa::test::endpoint;
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
}
