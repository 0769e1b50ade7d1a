#include "verdict/probes.hpp"
#include "verdict/votes.hpp"
#include "verdict/warnings.hpp"
#include "verdict/watch.hpp"

#include <doctest/doctest.h>

using namespace spoa;
using namespace std::chrono_literals;
using spoa::test::answered;
using spoa::test::at;
using spoa::test::Ballots;
using spoa::test::m;
using spoa::test::r;
using spoa::test::vote;
using verdict::Role;

TEST_SUITE("verdict/promotion: two masters")
{
    // A promotion of r2 that its leader never announced; both nodes say that they are master.
    struct TwoMasters {
        verdict::Watch watch{test::subject(), 3, at(0)};
        Ballots answers{vote("r1:1", 3), vote("r1:1", 3), vote("r1:1", 3)};
        int now = 0;

        TwoMasters()
        {
            run(500);
            sentinel::Event event;
            event.channel = "+failover-state-send-slaveof-noone";
            event.master = m;
            event.node = r;
            watch.hear(0, event, at(now));
            watch.review(at(now));
        }
        // Asked every 500 ms until `end`.
        void run(int end)
        {
            for (; now < end; now += 500) {
                for (std::size_t i = 0; i < answers.size(); ++i) {
                    if (!answers[i]) {
                        watch.lose(i);
                        continue;
                    }
                    auto answer = *answers[i];
                    answer.answered_at = at(now);
                    answer.failover_timeout = 10s;
                    watch.cast(i, answer);
                }
                watch.examine(answered(m, Role::master, now));
                watch.examine(answered(r, now < 500 ? Role::replica : Role::master, now));
                watch.review(at(now));
            }
        }
        verdict::State state() const { return watch.verdict().state; }
    };

    TEST_CASE("open again once all Sentinels have named the master in force for ten seconds")
    {
        TwoMasters lab;
        lab.run(20'500);
        CHECK(lab.state() == verdict::State::switching);
        lab.run(21'000);
        CHECK(lab.state() == verdict::State::ok);
        CHECK(lab.watch.verdict().open);
        CHECK(lab.watch.verdict().address == m);
        REQUIRE(lab.watch.standing().tombstones.size() == 1);
        CHECK(lab.watch.standing().tombstones[0].address == r);
        CHECK(verdict::nodes_claiming_master(lab.watch.probes(), at(lab.now)) == 2);
    }

    TEST_CASE("a Sentinel that is missing may know of the promotion: closed until it is back")
    {
        TwoMasters lab;
        lab.answers[0].reset();
        lab.run(60'000);
        CHECK(lab.state() == verdict::State::conflict);
        CHECK_FALSE(lab.watch.verdict().open);
        lab.answers[0] = vote("r1:1", 3);
        lab.run(70'000);
        CHECK(lab.state() == verdict::State::conflict);
        lab.run(70'500);
        CHECK(lab.state() == verdict::State::ok);
    }

    TEST_CASE(
        "one that names another node, fails over, sees it as down or is in TILT keeps it closed")
    {
        TwoMasters lab;
        auto& other = lab.answers[2];
        SUBCASE("another node")
        {
            other = vote("r2:1", 3);
        }
        SUBCASE("a failover")
        {
            other->flags.failover_in_progress = true;
        }
        SUBCASE("s_down")
        {
            other->flags.s_down = true;
        }
        SUBCASE("TILT")
        {
            other->in_tilt = true;
        }
        lab.run(60'000);
        CHECK(lab.state() == verdict::State::conflict);
        other = vote("r1:1", 3);
        lab.run(71'000);
        CHECK(lab.watch.verdict().open);
    }

    TEST_CASE("a word that is worn out does not keep it closed")
    {
        TwoMasters lab;
        lab.answers[2]->flags.promoting = true;
        lab.run(30'500);
        CHECK_FALSE(lab.watch.verdict().open);
        lab.run(32'500);
        CHECK(lab.watch.verdict().open);
    }

    TEST_CASE("the ten seconds are counted without a break")
    {
        TwoMasters lab;
        lab.answers[0].reset();
        lab.run(30'000);
        lab.answers[0] = vote("r1:1", 3);
        lab.run(39'000);
        lab.answers[0]->flags.failover_in_progress = true;
        lab.run(39'500);
        lab.answers[0]->flags = {};
        lab.run(49'000);
        CHECK(lab.state() == verdict::State::conflict);
        lab.run(50'000);
        CHECK(lab.state() == verdict::State::ok);
    }

    TEST_CASE("a node cannot be promoted in its own place")
    {
        verdict::Watch watch(test::subject(), 3, at(0));
        for (std::size_t i = 0; i < 3; ++i)
            watch.cast(i, vote("r1:1", 3));
        sentinel::Event event;
        event.channel = "+failover-state-send-slaveof-noone";
        event.master = event.node = m;
        watch.hear(0, event, at(10));
        watch.review(at(20));
        CHECK(watch.verdict().state == verdict::State::ok);
    }
}
