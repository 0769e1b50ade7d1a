#include "verdict/doubt.hpp"
#include "verdict/judge.hpp"
#include "verdict/probes.hpp"
#include "verdict/votes.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace spoa;
using namespace std::chrono_literals;
using spoa::test::answered;
using spoa::test::at;
using spoa::test::Ballots;
using spoa::test::endpoint;
using spoa::test::m;
using spoa::test::r;
using spoa::test::silent;
using spoa::test::vote;
using spoa::test::Votes;
using verdict::Probe;
using verdict::Role;
using verdict::StallWatch;
using verdict::Vote;

namespace {

// The master owes this Sentinel an answer to its PING.
Vote waiting(int milliseconds, int when)
{
    auto made = vote("r1:1", 3, when);
    made.ping_pending = std::chrono::milliseconds(milliseconds);
    return made;
}

}  // namespace

TEST_SUITE("verdict/doubt: isolated")
{
    // A master with two replicas, probed every 200 ms as its offsets go.
    struct Deployment {
        StallWatch stall;
        std::uint64_t master = 1'000;
        std::uint64_t first = 1'000;
        std::uint64_t second = 1'000;
        int now = 0;

        // One round of probes; the replicas follow or stand still.
        void round(bool follow, int pause = 200, bool writes = true)
        {
            now += pause;
            master += writes ? 10 : 0;
            if (follow)
                first = second = master;
            look();
        }
        void look()
        {
            const std::vector<Probe> probes{
                answered(m, Role::master, now, master),
                answered(r, Role::replica, now, first),
                answered(endpoint("r3:1"), Role::replica, now, second)};
            verdict::watch_stall(stall, probes, m);
        }
        // Two of three Sentinels have waited so long for the master, asked now.
        bool isolated(int pending = 300, std::size_t sentinels = 3) const
        {
            const Votes votes{waiting(pending, now), waiting(pending, now), waiting(0, now)};
            return verdict::is_isolated(stall, votes, m, sentinels);
        }
    };

    TEST_CASE("writes that no replica gets, and two Sentinels that wait: the master is cut off")
    {
        Deployment lab;
        lab.round(true);
        lab.round(true);
        CHECK_FALSE(lab.isolated());
        lab.round(false);
        CHECK_FALSE(lab.isolated());  // 200 ms
        lab.round(false);
        CHECK(lab.isolated());  // 400 ms
    }

    TEST_CASE("one Sentinel that waits, or two that do not wait long, are not enough")
    {
        Deployment lab;
        for (int i = 0; i < 2; ++i)
            lab.round(true);
        for (int i = 0; i < 4; ++i)
            lab.round(false);
        CHECK(lab.isolated(300));
        CHECK_FALSE(lab.isolated(299));
        const Votes one{waiting(300, lab.now), waiting(0, lab.now), waiting(0, lab.now)};
        CHECK_FALSE(verdict::is_isolated(lab.stall, one, m, 3));
        CHECK(verdict::is_isolated(lab.stall, one, m, 1));
    }

    TEST_CASE("votes asked before the stall began, in TILT, or about another node do not count")
    {
        Deployment lab;
        lab.round(true);
        lab.round(true);
        const int before = lab.now - 1;
        for (int i = 0; i < 4; ++i)
            lab.round(false);
        const Votes old{waiting(300, before), waiting(300, before), waiting(0, lab.now)};
        CHECK_FALSE(verdict::is_isolated(lab.stall, old, m, 3));
        auto tilted = waiting(300, lab.now);
        tilted.in_tilt = true;
        auto other = waiting(300, lab.now);
        other.address = r;
        CHECK_FALSE(
            verdict::is_isolated(lab.stall, Votes{tilted, other, waiting(300, lab.now)}, m, 3));
    }

    TEST_CASE("a master without writes is not cut off, however long the replicas stand still")
    {
        Deployment lab;
        lab.round(true);
        lab.round(true);
        for (int i = 0; i < 20; ++i)
            lab.round(false, 200, false);
        CHECK_FALSE(lab.isolated());
    }

    TEST_CASE("no replicas, or none that ever followed: the rule does not apply")
    {
        StallWatch alone;
        for (int i = 1; i < 10; ++i)
            verdict::watch_stall(
                alone,
                std::vector{answered(m, Role::master, i * 200, static_cast<std::uint64_t>(i))},
                m);
        const Votes votes{waiting(500, 1'800), waiting(500, 1'800)};
        CHECK_FALSE(verdict::is_isolated(alone, votes, m, 3));
        Deployment never;
        never.first = never.second = 0;
        for (int i = 0; i < 10; ++i)
            never.round(false);
        CHECK_FALSE(never.isolated());
    }

    TEST_CASE("one replica that moves is enough to end it, even behind one that stands further on")
    {
        Deployment lab;
        lab.second = 1'000'000;  // of another history, and dead
        for (int i = 0; i < 10; ++i) {
            lab.now += 200;
            lab.first = lab.master += 10;
            lab.look();
        }
        CHECK_FALSE(lab.isolated());
    }

    TEST_CASE("the false alarm: a master that was itself stopped and wakes")
    {
        Deployment lab;
        for (int i = 0; i < 3; ++i)
            lab.round(true);
        // Stopped for 1.5 s: no answers, no writes, and every Sentinel waits for its PONG.
        lab.round(false, 1'500);
        CHECK_FALSE(lab.isolated(1'500));
        // Its replicas need a moment to catch up; the votes from before are still the last.
        lab.round(false);
        const Votes before{
            waiting(1'400, lab.now - 300), waiting(1'400, lab.now - 300), waiting(0, lab.now)};
        CHECK_FALSE(verdict::is_isolated(lab.stall, before, m, 3));
        lab.round(true);
        CHECK_FALSE(lab.isolated(1'500));
    }

    TEST_CASE("a master that was stopped while its replicas were dead is not cut off when it wakes")
    {
        Deployment lab;
        for (int i = 0; i < 3; ++i)
            lab.round(true);
        for (int i = 0; i < 5; ++i)
            lab.round(false);  // they are dead, and the Sentinels wait for nobody
        CHECK_FALSE(lab.isolated(0));
        lab.round(false, 700);  // it was stopped, and answers again
        const Votes meanwhile{
            waiting(600, lab.now - 50), waiting(600, lab.now - 50), waiting(0, lab.now)};
        CHECK_FALSE(verdict::is_isolated(lab.stall, meanwhile, m, 3));
    }

    TEST_CASE("a node that is no master, or has not answered, is not watched")
    {
        Deployment lab;
        lab.round(true);
        lab.round(true);
        CHECK(lab.stall.replicas_seen);
        verdict::watch_stall(lab.stall, std::vector{answered(m, Role::replica, lab.now + 1)}, m);
        CHECK(lab.stall == StallWatch());
        verdict::watch_stall(lab.stall, std::vector{silent(m, 0)}, m);
        CHECK(lab.stall == StallWatch());
    }
}

TEST_SUITE("verdict/doubt: silent")
{
    // The verdict at at(0), of three Sentinels that are content, with what the probe says.
    verdict::Verdict judged(const Probe& probe)
    {
        const Ballots ballots{vote("r1:1", 3), vote("r1:1", 3), vote("r1:1", 3)};
        const std::vector<Probe> probes{probe};
        auto standing = test::standing("r1:1", 3);
        standing.in_force_since = at(-60'000);
        return verdict::judge(test::subject(), {ballots, probes, std::nullopt}, standing, at(0))
            .verdict;
    }

    TEST_CASE("a master that has not answered for 400 ms is silent, and stays open")
    {
        auto probe = answered(m, Role::master, -900);
        probe.silent_since = at(-400);
        CHECK(judged(probe).state == verdict::State::ok);
        probe.silent_since = at(-401);
        CHECK(judged(probe).state == verdict::State::silent);
        CHECK(judged(probe).open);
    }

    TEST_CASE("a refused connection is silence at once, an answer ends it")
    {
        auto probe = answered(m, Role::master, -900);
        probe.silent_since = at(-1);
        CHECK(judged(probe).state == verdict::State::ok);
        probe.refused = true;
        CHECK(judged(probe).state == verdict::State::silent);
        CHECK(judged(answered(m, Role::master, -1)).state == verdict::State::ok);
    }

    TEST_CASE("a master that is dead is silent and not cut off, whatever stood still before")
    {
        const auto wait = waiting(500, 0);
        const Ballots ballots{wait, wait, wait};
        auto probe = answered(m, Role::master, -900);
        probe.silent_since = at(-500);
        probe.refused = true;
        auto standing = test::standing("r1:1", 3);
        standing.in_force_since = at(-60'000);
        standing.stall.last_answer = at(-900);
        standing.stall.began = at(-5'000);
        standing.stall.replicas_seen = standing.stall.growing = true;
        standing.stall.stalled = 4s;
        const std::vector<Probe> probes{probe};
        CHECK(
            verdict::judge(test::subject(), {ballots, probes, std::nullopt}, standing, at(0))
                .verdict.state == verdict::State::silent);
    }
}
