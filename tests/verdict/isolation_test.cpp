#include "verdict/isolation.hpp"

#include "verdict/judge.hpp"
#include "verdict/probes.hpp"
#include "verdict/votes.hpp"
#include "verdict/watch.hpp"

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
using spoa::test::replica;
using spoa::test::silent;
using spoa::test::vote;
using spoa::test::Votes;
using verdict::IsolationWatch;
using verdict::Link;
using verdict::Probe;
using verdict::Role;
using verdict::State;
using verdict::Vote;

namespace {

const Endpoint r3 = endpoint("r3:1");

// The master owes this Sentinel an answer to its PING.
Vote waiting(int milliseconds, int when)
{
    auto made = vote("r1:1", 3, when);
    made.ping_pending = std::chrono::milliseconds(milliseconds);
    return made;
}

// A master with two replicas, probed every 200 ms as its offsets go.
struct Deployment {
    IsolationWatch watch;
    std::uint64_t master = 1'000;
    Probe first = replica(r, 0, 1'000);
    Probe second = replica(r3, 0, 1'000);
    int now = 0;

    // One round of probes; the replicas follow or stand still.
    void round(bool follow, int pause = 200, bool writes = true)
    {
        now += pause;
        master += writes ? 10 : 0;
        if (follow)
            first.offset = second.offset = master;
        first.answered_at = second.answered_at = at(now);
        look();
    }
    void look()
    {
        const std::vector<Probe> probes{answered(m, Role::master, now, master), first, second};
        verdict::watch_isolation(watch, probes, m);
    }
    // Two of three Sentinels have waited so long for the master, asked now.
    bool isolated(int pending = 300, std::size_t sentinels = 3) const
    {
        const Votes votes{waiting(pending, now), waiting(pending, now), waiting(0, now)};
        return verdict::is_isolated(watch, votes, m, sentinels);
    }
};

}  // namespace

TEST_SUITE("verdict/isolation: a majority is heard")
{
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
        CHECK_FALSE(verdict::is_isolated(lab.watch, one, m, 3));
        CHECK(verdict::is_isolated(lab.watch, one, m, 1));
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
        CHECK_FALSE(verdict::is_isolated(lab.watch, old, m, 3));
        auto tilted = waiting(300, lab.now);
        tilted.in_tilt = true;
        auto other = waiting(300, lab.now);
        other.address = r;
        CHECK_FALSE(
            verdict::is_isolated(lab.watch, Votes{tilted, other, waiting(300, lab.now)}, m, 3));
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

    TEST_CASE("no replicas, or none that ever was linked to it: the rule does not apply")
    {
        IsolationWatch alone;
        for (int i = 1; i < 10; ++i)
            verdict::watch_isolation(
                alone,
                std::vector{answered(m, Role::master, i * 200, static_cast<std::uint64_t>(i))},
                m);
        const Votes votes{waiting(500, 1'800), waiting(500, 1'800)};
        CHECK_FALSE(verdict::is_isolated(alone, votes, m, 3));
        Deployment never;
        never.first.link = never.second.link = Link::none;
        for (int i = 0; i < 10; ++i)
            never.round(false);
        CHECK_FALSE(never.isolated());
    }

    TEST_CASE("replicas that lose their link when they are cut off stand still all the same")
    {
        Deployment lab;
        lab.round(true);
        lab.round(true);
        lab.first.link = lab.second.link = Link::none;
        lab.first.offset = lab.second.offset = 0;  // as ROLE tells it
        for (int i = 0; i < 3; ++i)
            lab.round(false);
        CHECK(lab.isolated());
    }

    TEST_CASE("a new master whose replicas get all data anew is not cut off")
    {
        Deployment lab;
        lab.first.link = lab.second.link = Link::syncing;
        for (int i = 0; i < 10; ++i)
            lab.round(false);
        CHECK_FALSE(lab.isolated());
        // Nor one whose replicas have to begin anew.
        lab.first.link = lab.second.link = Link::up;
        lab.round(true);
        lab.round(true);
        lab.first.link = lab.second.link = Link::syncing;
        for (int i = 0; i < 10; ++i)
            lab.round(false);
        CHECK_FALSE(lab.isolated());
    }

    TEST_CASE("replicas that died, or follow another node, do not stand still")
    {
        for (const bool dead : {true, false}) {
            Deployment lab;
            lab.round(true);
            lab.round(true);
            for (auto* const each : {&lab.first, &lab.second}) {
                if (dead)
                    each->silent_since = at(lab.now);
                else
                    each->follows = endpoint("r9:1");
            }
            for (int i = 0; i < 10; ++i)
                lab.round(false);
            CHECK_FALSE(lab.isolated());
        }
    }

    TEST_CASE("one replica that moves is enough to end it, even behind one that stands further on")
    {
        Deployment lab;
        lab.second.offset = 1'000'000;  // of another history
        for (int i = 0; i < 10; ++i) {
            lab.now += 200;
            lab.first.offset = lab.master += 10;
            lab.first.answered_at = lab.second.answered_at = at(lab.now);
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
        CHECK_FALSE(verdict::is_isolated(lab.watch, before, m, 3));
        lab.round(true);
        CHECK_FALSE(lab.isolated(1'500));
    }

    TEST_CASE(
        "a master that was stopped while its replicas stood still is not cut off when it wakes")
    {
        Deployment lab;
        for (int i = 0; i < 3; ++i)
            lab.round(true);
        for (int i = 0; i < 5; ++i)
            lab.round(false);  // and the Sentinels wait for nobody
        CHECK_FALSE(lab.isolated(0));
        // It was stopped, and answers a question that was asked while it still was.
        lab.round(false, 700);
        const Votes meanwhile{waiting(600, lab.now + 50), waiting(600, lab.now + 50)};
        lab.round(false);
        lab.round(false);
        CHECK_FALSE(verdict::is_isolated(lab.watch, meanwhile, m, 3));
        lab.round(false);
        CHECK(lab.isolated());  // votes of now are another matter
    }

    TEST_CASE(
        "what is known ends with the node's own word that it is no master, not with its silence")
    {
        Deployment lab;
        lab.round(true);
        lab.round(true);
        CHECK(lab.watch.stall.followers.size() == 2);
        const auto before = lab.watch;
        verdict::watch_isolation(lab.watch, std::vector{silent(m, 0)}, m);
        CHECK(lab.watch == before);
        verdict::watch_isolation(
            lab.watch, std::vector{answered(m, Role::replica, lab.now + 1)}, m);
        CHECK(lab.watch.stall == verdict::StallWatch());
    }
}

namespace {

// A master that we hear, with its own list of its replicas. They acknowledge once a second.
struct Listed {
    IsolationWatch watch;
    Probe master = answered(m, Role::master, 0, 1'000);
    int now = 0;

    Listed()
    {
        master.replicas = {{r, 1'000}, {r3, 1'000}};
        look();
    }
    void look()
    {
        master.answered_at = at(now);
        verdict::watch_isolation(watch, std::vector{master}, m);
    }
    // Time goes on in which it writes, and answers every 200 ms.
    void pass(int milliseconds, int step = 200)
    {
        for (const int until = now + milliseconds; now < until;) {
            now += step;
            master.offset += 10;
            look();
        }
    }
    // One replica does, seen by the next probe.
    void acknowledge(std::size_t which)
    {
        now += 200;
        master.replicas[which].offset = master.offset;
        look();
    }
    // Once a second, with what INFO says.
    void inform(std::optional<std::uint64_t> lag, std::size_t syncing = 0)
    {
        master.least_lag = lag;
        master.syncing_replicas = syncing;
        master.informed_at = at(now);
    }
    bool lost() const { return verdict::has_lost_replicas(watch.list); }
};

}  // namespace

TEST_SUITE("verdict/isolation: the master's own list")
{
    TEST_CASE("writes that no replica acknowledges for more than 1.6 s: they are lost to it")
    {
        Listed lab;
        lab.pass(1'600);
        CHECK_FALSE(lab.lost());
        lab.pass(200);
        CHECK(lab.lost());
        lab.acknowledge(1);
        CHECK_FALSE(lab.lost());
    }

    TEST_CASE("replicas that acknowledge by a timer that is late are not lost")
    {
        Listed lab;
        for (int i = 0; i < 20; ++i) {
            lab.pass(1'400);
            CHECK_FALSE(lab.lost());
            lab.acknowledge(0);
        }
    }

    TEST_CASE("while nothing is written there is nothing to acknowledge")
    {
        Listed lab;
        for (int i = 0; i < 20; ++i) {
            lab.now += 200;
            lab.look();
        }
        CHECK_FALSE(lab.lost());
        lab.pass(1'800);
        CHECK(lab.lost());
    }

    TEST_CASE("then the lag that INFO tells decides, when it is beyond three seconds and grows")
    {
        Listed lab;
        const auto after = [&](std::uint64_t lag) {
            lab.now += 1'000;
            lab.inform(lag);
            lab.look();
            return lab.lost();
        };
        CHECK_FALSE(after(0));
        CHECK_FALSE(after(1));
        CHECK_FALSE(after(2));
        CHECK(after(3));
        CHECK(after(3));  // two looks within one of its seconds
        CHECK(after(5));
        CHECK_FALSE(after(0));
        // A clock that was set, or a master that wakes and has not read what its replicas sent.
        CHECK_FALSE(after(7));
        CHECK_FALSE(after(1));
    }

    TEST_CASE("an empty list counts when some replica has acknowledged before, and only then")
    {
        Listed lab;
        lab.master.replicas.clear();
        lab.pass(1'600);
        CHECK_FALSE(lab.lost());
        lab.pass(200);
        CHECK(lab.lost());

        Listed never;
        never.watch = {};
        never.master.replicas.clear();
        never.pass(10'000);
        CHECK_FALSE(never.lost());
        never.master.replicas = {{r, 0}};  // connected, and has acknowledged nothing
        never.pass(10'000);
        CHECK_FALSE(never.lost());
    }

    TEST_CASE("time in which the master did not answer does not count")
    {
        Listed lab;
        lab.pass(1'400);
        lab.pass(5'000, 5'000);
        CHECK_FALSE(lab.lost());
        lab.pass(400);
        CHECK(lab.lost());
    }

    TEST_CASE("a replica that comes back in between, to synchronize, is not lost")
    {
        Listed lab;
        lab.master.replicas.clear();
        lab.pass(1'000);
        lab.inform(std::nullopt, 1);  // it gets all data anew
        lab.pass(20'000);
        CHECK_FALSE(lab.lost());
        lab.master.replicas = {{r, 0}};  // and loads them
        lab.pass(20'000);
        CHECK_FALSE(lab.lost());
        lab.acknowledge(0);
        lab.inform(0);
        CHECK_FALSE(lab.lost());
        lab.pass(1'800);
        CHECK(lab.lost());
    }

    TEST_CASE("one that loads its data is lost when its lag grows: it would tell that it loads")
    {
        Listed lab;
        lab.master.replicas = {{r, 0}};
        lab.pass(5'000);
        CHECK_FALSE(lab.lost());
        for (const std::uint64_t lag : {1U, 2U, 3U}) {
            CHECK_FALSE(lab.lost());
            lab.inform(lag);
            lab.pass(1'000);
        }
        CHECK(lab.lost());
    }

    TEST_CASE("one that was synchronizing when the last acknowledgement came may be cut off too")
    {
        Listed lab;
        lab.pass(200);
        lab.inform(0, 1);
        lab.pass(200);
        lab.acknowledge(1);
        lab.pass(1'800);
        CHECK(lab.lost());
    }

    TEST_CASE("replicas that had long been gone when the majority went were not lost by a cut")
    {
        Listed lab;
        lab.master.replicas.clear();
        lab.pass(1'800);
        REQUIRE(lab.lost());
        verdict::note_calm(lab.watch.list, at(0));
        verdict::note_calm(lab.watch.list, at(9'999));
        CHECK(lab.lost());
        verdict::note_calm(lab.watch.list, at(10'000));
        CHECK_FALSE(lab.lost());
        lab.master.replicas = {{r, 0}};
        lab.acknowledge(0);
        lab.pass(1'800);
        CHECK(lab.lost());
    }

    TEST_CASE("with a majority it counts too, where two Sentinels wait")
    {
        Listed lab;
        lab.pass(1'800);
        const auto isolated = [&](int pending, int when) {
            const Votes votes{waiting(pending, when), waiting(pending, when), waiting(0, when)};
            return verdict::is_isolated(lab.watch, votes, m, 3);
        };
        CHECK(isolated(300, lab.now));
        CHECK_FALSE(isolated(0, lab.now));
        // A master that was stopped meanwhile owes everybody a PONG, by votes of that time.
        lab.pass(1'500, 1'500);
        CHECK_FALSE(isolated(1'400, lab.now + 100));
    }

    TEST_CASE("what the list said is not forgotten when the agent was stopped, only how long ago")
    {
        Listed lab;
        lab.pass(1'000);
        lab.watch.forget();
        lab.now += 10'000;
        lab.look();
        CHECK_FALSE(lab.lost());
        lab.pass(800);
        CHECK(lab.lost());
        lab.watch.forget();
        CHECK(lab.lost());
        lab.acknowledge(0);
        CHECK_FALSE(lab.lost());
    }

    TEST_CASE("replicas that were lost by their lag stay so when the master drops them")
    {
        Listed lab;
        for (const std::uint64_t lag : {2U, 3U}) {
            lab.now += 1'000;
            lab.inform(lag);
            lab.look();
        }
        REQUIRE(lab.lost());
        lab.master.replicas.clear();
        lab.now += 1'000;
        lab.inform(std::nullopt);
        lab.look();
        CHECK(lab.lost());
        lab.master.replicas = {{r, 0}};  // one is back
        lab.now += 200;
        lab.look();
        CHECK_FALSE(lab.lost());
    }
}

namespace {

// One Sentinel of three is heard; the master answers, and writes.
struct Minority {
    verdict::Watch watch;
    int now = 0;
    std::uint64_t written = 1'000;
    std::uint64_t acknowledged = 1'000;

    explicit Minority(const verdict::Policy& policy = {}) : watch(subject_with(policy), 3, at(0))
    {
        pass(3'000, 3, true);
    }
    static verdict::Subject subject_with(const verdict::Policy& policy)
    {
        auto made = test::subject();
        made.policy = policy;
        return made;
    }
    void pass(int milliseconds, std::size_t heard, bool follow)
    {
        for (const int until = now + milliseconds; now < until;) {
            now += 200;
            written += 10;
            if (follow)
                acknowledged = written - 5;
            for (std::size_t i = 0; i < 3; ++i) {
                if (i < heard)
                    watch.cast(i, vote("r1:1", 3, now));
                else
                    watch.lose(i);
            }
            auto master = answered(m, Role::master, now, written);
            master.replicas = {{r, acknowledged}, {r3, acknowledged}};
            watch.examine(master);
            watch.review(at(now));
        }
    }
    State state() const { return watch.verdict().state; }
    bool open() const { return watch.verdict().open; }
};

}  // namespace

TEST_SUITE("verdict/isolation: no majority is heard")
{
    TEST_CASE("a master that has lost its replicas by its own list is isolated")
    {
        Minority lab;
        REQUIRE(lab.state() == State::ok);
        lab.pass(1'600, 1, false);
        CHECK(lab.state() == State::no_quorum);
        CHECK(lab.open());
        lab.pass(200, 1, false);
        CHECK(lab.state() == State::isolated);
        CHECK_FALSE(lab.open());
        CHECK(lab.watch.verdict().address == m);
        CHECK(
            lab.watch.verdict().reason ==
            "only 1 of 3 Sentinels answers, 2 are needed, and the master's replicas acknowledge "
            "nothing any more");
    }

    TEST_CASE("it stays so for as long as they acknowledge nothing, and ends when they do")
    {
        Minority lab;
        lab.pass(60'000, 1, false);
        CHECK(lab.state() == State::isolated);
        lab.pass(200, 1, true);
        CHECK(lab.state() == State::no_quorum);
        CHECK(lab.open());
    }

    TEST_CASE(
        "replicas that follow leave it to the policy for a lost majority, none heard included")
    {
        for (const std::size_t heard : {0U, 1U}) {
            Minority lab;
            lab.pass(30'000, heard, true);
            CHECK(lab.state() == (heard == 0 ? State::stale : State::no_quorum));
            CHECK(lab.open());
        }
    }

    TEST_CASE("isolated: keep goes on, and closes where no_quorum does")
    {
        verdict::Policy policy;
        policy.isolated = verdict::InDoubt::keep;
        Minority keeping(policy);
        keeping.pass(3'000, 1, false);
        CHECK(keeping.state() == State::isolated);
        CHECK(keeping.open());
        policy.no_quorum = verdict::NoQuorum::refuse;
        Minority refusing(policy);
        refusing.pass(3'000, 1, false);
        CHECK(refusing.state() == State::no_quorum);
        CHECK_FALSE(refusing.open());
        CHECK(refusing.watch.verdict().address == m);
    }

    TEST_CASE("the master's silence does not take back what it has said last")
    {
        Minority lab;
        lab.pass(3'000, 1, false);
        auto quiet = lab.watch.probes()[0];
        quiet.silent_since = at(lab.now);
        for (int i = 0; i < 50; ++i) {
            lab.now += 200;
            lab.watch.cast(0, vote("r1:1", 3, lab.now));
            lab.watch.examine(quiet);
            lab.watch.review(at(lab.now));
        }
        CHECK(lab.state() == State::isolated);
        CHECK_FALSE(lab.open());
    }

    TEST_CASE("a doubt of the last majority goes on beside it, and neither opens for the other")
    {
        Minority lab;
        auto down = vote("r1:1", 3, lab.now);
        down.flags.s_down = down.flags.o_down = true;
        lab.watch.cast(0, down);
        lab.watch.cast(1, down);
        lab.watch.review(at(lab.now));
        REQUIRE(lab.state() == State::odown);
        for (int i = 0; i < 40; ++i) {
            lab.pass(200, 1, false);
            CHECK_FALSE(lab.open());
        }
        CHECK(lab.state() == State::isolated);
        lab.pass(200, 1, true);
        CHECK(lab.open());  // the doubt is over after 5 s
    }
}

TEST_SUITE("verdict/judge: silent")
{
    // The verdict at at(0), of three Sentinels that are content, with what the probe says.
    verdict::Verdict judged(const Probe& probe)
    {
        const Ballots ballots{vote("r1:1", 3), vote("r1:1", 3), vote("r1:1", 3)};
        const std::vector<Probe> probes{probe};
        auto standing = test::standing("r1:1", 3);
        standing.in_force_since = at(-60'000);
        return verdict::judge(test::subject(), {ballots, probes, {}}, standing, at(0)).verdict;
    }

    TEST_CASE("a master that has not answered for 400 ms is silent, and stays open")
    {
        auto probe = answered(m, Role::master, -900);
        probe.silent_since = at(-400);
        CHECK(judged(probe).state == State::ok);
        probe.silent_since = at(-401);
        CHECK(judged(probe).state == State::silent);
        CHECK(judged(probe).open);
    }

    TEST_CASE("a refused connection is silence at once, an answer ends it")
    {
        auto probe = answered(m, Role::master, -900);
        probe.silent_since = at(-1);
        CHECK(judged(probe).state == State::ok);
        probe.refused = true;
        CHECK(judged(probe).state == State::silent);
        CHECK(judged(answered(m, Role::master, -1)).state == State::ok);
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
        standing.isolation.last_answer = at(-900);
        standing.isolation.stall.began = at(-5'000);
        standing.isolation.stall.growing = true;
        standing.isolation.stall.stalled = 4s;
        const std::vector<Probe> probes{probe};
        CHECK(
            verdict::judge(test::subject(), {ballots, probes, {}}, standing, at(0)).verdict.state ==
            State::silent);
    }
}
