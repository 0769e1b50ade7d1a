#include "verdict/replica_watch.hpp"

#include "verdict/replica_scene.hpp"

#include <doctest/doctest.h>

using namespace spoa;
using namespace spoa::test;
using namespace std::chrono_literals;

TEST_SUITE("verdict/replica_watch: who is fresh")
{
    TEST_CASE("replicas that are linked to the master and close behind it, not the master")
    {
        const Scene scene;
        CHECK(scene.targets() == "R2 R3");
        CHECK(scene.of(0) == Fitness::master);
        CHECK(scene.replicas.reads().reason.empty());
    }

    TEST_CASE("nothing without a policy for replicas")
    {
        Scene scene;
        auto plain = subject();
        scene.watch.set_subject(plain);
        scene.review();
        CHECK(scene.targets().empty());
        CHECK(scene.replicas.replicas().empty());
        CHECK_FALSE(scene.replicas.look_again().has_value());
    }

    TEST_CASE("one that is unfit gets no reads, and the word for it is told")
    {
        struct Case {
            Fitness why;
            void (*change)(Probe&);
        };
        const std::vector<Case> cases{
            {Fitness::loading, [](Probe& p) { p.loading = true; }},
            {Fitness::claims_master, [](Probe& p) { p.role = Role::master; }},
            {Fitness::unknown, [](Probe& p) { p.role = Role::unknown; }},
            {Fitness::hidden, [](Probe& p) { p.announced = false; }},
            {Fitness::reserved, [](Probe& p) { p.priority = 0; }},
            {Fitness::elsewhere, [](Probe& p) { p.follows = endpoint("r2:1"); }},
            {Fitness::elsewhere, [](Probe& p) { p.follows.reset(); }},
            {Fitness::syncing, [](Probe& p) { p.link = Link::syncing; }},
            {Fitness::unlinked, [](Probe& p) { p.link = Link::none; }},
            {Fitness::behind, [](Probe& p) { p.offset -= 2'000'000; }},
            {Fitness::silent, [](Probe& p) { p.silent_since = p.answered_at, p.refused = true; }},
        };
        for (const auto& each : cases) {
            Scene scene;
            auto probe = replica(r3, scene.now, scene.written());
            each.change(probe);
            scene.say(probe);
            CAPTURE(std::string(name_of(each.why)));
            CHECK(scene.of(2) == each.why);
            CHECK(scene.targets() == "R2");

            probe.address = r;
            scene.say(probe);
            CHECK(scene.targets().empty());
            const auto* const verb = each.why == Fitness::claims_master ? "R2 " : "R2 is ";
            CHECK(
                scene.replicas.reads().reason.find(verb + std::string(name_of(each.why))) !=
                std::string::npos);
        }
    }

    TEST_CASE("all is known once every server was asked and measured, whatever came of it")
    {
        Watch watch(with_replicas(), 3, at(0));
        ReplicaWatch replicas;
        const auto knows_all_after = [&](Probe probe) {
            watch.examine(std::move(probe));
            watch.review(at(100));
            replicas.review(watch, at(100));
            return replicas.knows_all();
        };
        for (std::size_t i = 0; i < 3; ++i)
            watch.cast(i, vote("r1:1", 1, 50));
        CHECK_FALSE(knows_all_after(replica(r, 60, 1000)));
        CHECK_FALSE(knows_all_after(silent(r3, 60)));
        CHECK(knows_all_after(answered(m, Role::master, 60, 1000)));
    }

    TEST_CASE("one asked before it has what the master said first is not measured, then fresh")
    {
        Watch watch(with_replicas(), 3, at(0));
        ReplicaWatch replicas;
        const auto judged_at = [&](int now, Probe probe) {
            watch.examine(std::move(probe));
            for (std::size_t i = 0; i < 3; ++i)
                watch.cast(i, vote("r1:1", 1, now));
            watch.review(at(now));
            replicas.review(watch, at(now));
            return replicas.replicas()[1].fitness;
        };
        judged_at(50, answered(m, Role::master, 50, 1000));
        CHECK(judged_at(60, replica(r, 60, 900)) == Fitness::unmeasured);
        CHECK_FALSE(replicas.knows_all());
        judged_at(250, answered(m, Role::master, 250, 2000));
        CHECK(judged_at(260, replica(r, 260, 1900)) == Fitness::fresh);

        // One that stays there is too old as soon as that is certain.
        CHECK(judged_at(1000, replica(r, 1000, 900)) == Fitness::unmeasured);
        CHECK(judged_at(1051, replica(r, 1051, 900)) == Fitness::old);
    }

    TEST_CASE("one that has never answered, and one that is asked about for the first time")
    {
        Scene scene;
        scene.watch.forget(at(scene.now));
        scene.review();
        CHECK(scene.of(1) == Fitness::unknown);
        CHECK(scene.targets().empty());
    }

    TEST_CASE(
        "a server that was given no weight is left out, one of priority 0 with a weight is not")
    {
        ReplicaPolicy policy;
        policy.weights = {{"R2", 0}, {"R3", 5}};
        Scene scene(policy);
        auto reserved = replica(r3, scene.now, scene.written());
        reserved.priority = 0;
        scene.say(reserved);
        CHECK(scene.targets() == "R3");
        CHECK(scene.replicas.reads().targets[0].weight == 5);
        CHECK(scene.of(1) == Fitness::unwanted);
    }

    TEST_CASE("the preferred ones are used alone while one of them is fresh")
    {
        ReplicaPolicy policy;
        policy.prefer = {"R3"};
        Scene scene(policy);
        CHECK(scene.targets() == "R3");
        auto loading = replica(r3, scene.now, scene.written());
        loading.loading = true;
        scene.say(loading);
        CHECK(scene.targets() == "R2");
    }
}

TEST_SUITE("verdict/replica_watch: lag")
{
    TEST_CASE("one that stands still while the master writes is too old after max_lag_time")
    {
        Scene scene;
        scene.pass(2'000);
        const auto stuck = scene.written();
        const auto stuck_at = scene.now;
        scene.pass(stuck_at + 5'000, [&] {
            scene.say(replica(r3, scene.now, stuck));
            if (scene.now - stuck_at > 1'000)
                CHECK(scene.targets() == "R2");
        });
        CHECK(scene.of(2) == Fitness::old);
        CHECK(scene.replicas.replicas()[2].lag_bytes == scene.written() - stuck - 1'000);
    }

    TEST_CASE("it leaves at that moment, also when nothing is heard of it")
    {
        Scene scene;
        scene.pass(2'000);
        const auto leaves = *scene.replicas.replicas()[1].complete_until + 1s;
        REQUIRE(scene.replicas.look_again().has_value());
        CHECK(*scene.replicas.look_again() == leaves + 1ms);
        for (; at(scene.now) < leaves; scene.now += 200)
            scene.master();
        scene.replicas.review(scene.watch, leaves);
        CHECK(scene.targets() == "R2 R3");
        scene.replicas.review(scene.watch, leaves + 1ms);
        CHECK(scene.targets().empty());
        CHECK(scene.of(1) == Fitness::old);
    }

    TEST_CASE("while the master writes nothing, a replica that answers stays fresh")
    {
        Scene scene;
        const auto still = scene.written();
        const auto before = scene.changes;
        for (; scene.now < 30'000; scene.now += 200) {
            scene.vote_for("r1:1", 1);
            scene.say(answered(m, Role::master, scene.now, still));
            scene.say(replica(r, scene.now, still));
            scene.say(replica(r3, scene.now, still));
            CHECK(scene.targets() == "R2 R3");
        }
        CHECK(scene.changes == before);
    }

    TEST_CASE("many bytes within the time are too far behind, and few are not")
    {
        ReplicaPolicy policy;
        policy.max_lag = 500;
        Scene scene(policy);
        scene.pass(1'000);
        // 1000 were written since the master was asked.
        scene.say(replica(r3, scene.now, scene.written() - 1'400));
        CHECK(scene.of(2) == Fitness::fresh);
        scene.say(replica(r3, scene.now + 1, scene.written() - 1'600));
        CHECK(scene.of(2) == Fitness::behind);
    }

    TEST_CASE("one that was beyond a limit comes back once it was well below it for a while")
    {
        ReplicaPolicy policy;
        policy.max_lag = 10'000;
        policy.max_lag_time = 1h;
        Scene scene(policy);
        scene.pass(1'000);
        scene.pass(1'400, [&] { scene.say(replica(r3, scene.now, scene.written() - 20'000)); });
        CHECK(scene.of(2) == Fitness::behind);
        // Below the limit, and not below half of it: no way back.
        scene.pass(4'000, [&] { scene.say(replica(r3, scene.now, scene.written() - 9'000)); });
        CHECK(scene.targets() == "R2");
        const auto caught_up = scene.now;
        int back = 0;
        scene.pass(6'000, [&] {
            scene.say(replica(r3, scene.now, scene.written()));
            if (back == 0 && scene.targets() == "R2 R3")
                back = scene.now;
        });
        CHECK(back - caught_up >= 400);
        CHECK(back - caught_up <= 850);
    }

    TEST_CASE("lag around the limit changes the set once")
    {
        ReplicaPolicy policy;
        policy.max_lag = 10'000;
        policy.max_lag_time = 1h;
        Scene scene(policy);
        scene.pass(1'000);
        const auto before = scene.changes;
        int turn = 0;
        scene.pass(21'000, [&] {
            scene.say(replica(r3, scene.now, scene.written() - (turn++ % 2 == 0 ? 12'000 : 8'000)));
        });
        CHECK(scene.changes - before == 1);
    }

    TEST_CASE("one that was silent has to be well below the limits too")
    {
        Scene scene;
        scene.pass(1'000);
        auto stopped = replica(r3, scene.now, scene.written());
        stopped.silent_since = at(scene.now);
        const auto since = scene.now;
        scene.pass(since + 1'000, [&] { scene.say(stopped); });
        CHECK(scene.of(2) == Fitness::silent);
        scene.say(replica(r3, scene.now, scene.written()));
        CHECK(scene.of(2) == Fitness::settling);
        scene.pass(scene.now + 600);
        CHECK(scene.of(2) == Fitness::fresh);
    }

    TEST_CASE("a master that begins anew with a smaller offset measures nobody by the old one")
    {
        Scene scene;
        scene.pass(1'000);
        scene.say(answered(m, Role::master, scene.now, 10));
        scene.now += 10;
        scene.say(replica(r, scene.now, 10));
        CHECK(scene.of(1) == Fitness::fresh);
        CHECK(scene.replicas.replicas()[1].lag_bytes == 0);
    }
}

TEST_SUITE("verdict/replica_watch: failover")
{
    // Time goes on, in which both replicas say that they wait for R1.
    void linger(Scene & scene, int until, bool with_r2 = true)
    {
        for (; scene.now < until; scene.now += 200)
            for (const auto& address : {r, r3}) {
                if (address == r && !with_r2)
                    continue;
                auto unlinked = replica(address, scene.now, 0);
                unlinked.link = Link::none;
                scene.say(unlinked);
            }
    }

    TEST_CASE("replicas of a master that died serve on, until the grace is over")
    {
        Scene scene;
        crash(scene);
        CHECK(scene.targets() == "R2 R3");
        CHECK(scene.of(1) == Fitness::kept);
        const auto since = scene.now;
        linger(scene, since + 59'000);
        CHECK(scene.targets() == "R2 R3");
        linger(scene, since + 61'000);
        CHECK(scene.targets().empty());
    }

    TEST_CASE("strict: none serves while the master is in doubt")
    {
        ReplicaPolicy policy;
        policy.strict = true;
        Scene scene(policy);
        crash(scene);
        CHECK(scene.targets().empty());
        CHECK(scene.of(1) == Fitness::unlinked);
    }

    TEST_CASE(
        "the promoted one leaves at once, and the other follows the old master until it is told")
    {
        Scene scene;
        crash(scene);
        scene.say(answered(r, Role::master, scene.now, scene.written()));
        CHECK(scene.targets() == "R3");
        CHECK(scene.of(1) == Fitness::promoted);
        scene.vote_for("r2:1", 2);
        REQUIRE(scene.watch.verdict().server == "R2");
        CHECK(scene.of(1) == Fitness::master);
        CHECK(scene.targets() == "R3");
        CHECK(scene.of(2) == Fitness::kept);

        linger(scene, scene.now + 1'000, false);
        CHECK(scene.targets() == "R3");
        auto told = replica(r3, scene.now, 0, r);
        told.link = Link::none;
        scene.say(told);
        CHECK(scene.targets().empty());
        scene.say(answered(r, Role::master, scene.now, scene.written()));
        scene.now += 20;
        scene.say(replica(r3, scene.now, scene.written(), r));
        CHECK(scene.targets() == "R3");
        CHECK(scene.of(2) == Fitness::fresh);
    }

    TEST_CASE("the promoted one serves on while it is the only one, until the verdict moves")
    {
        Scene scene;
        scene.pass(2'000);
        auto gone = answered(m, Role::master, scene.now, scene.written());
        gone.silent_since = at(scene.now);
        gone.refused = true;
        scene.say(gone);
        auto loading = replica(r3, scene.now, 0);
        loading.loading = true;
        scene.say(loading);
        scene.say(answered(r, Role::master, scene.now, scene.written()));
        CHECK(scene.targets() == "R2");
        scene.vote_for("r2:1", 2);
        CHECK(scene.targets().empty());
    }

    TEST_CASE("one that was behind long before does not come in by the doubt")
    {
        Scene scene;
        scene.pass(1'000);
        const auto stuck = scene.written();
        scene.pass(6'000, [&] { scene.say(replica(r3, scene.now, stuck)); });
        CHECK(scene.targets() == "R2");
        auto gone = answered(m, Role::master, scene.now, scene.written());
        gone.silent_since = at(scene.now);
        gone.refused = true;
        scene.say(gone);
        linger(scene, scene.now + 2'000);
        CHECK(scene.targets() == "R2");
    }

    TEST_CASE("an old master that comes back and says master gets no reads")
    {
        Scene scene;
        crash(scene);
        scene.say(answered(r, Role::master, scene.now, scene.written()));
        scene.vote_for("r2:1", 2);
        scene.say(answered(m, Role::master, scene.now, scene.written()));
        CHECK(scene.of(0) == Fitness::claims_master);
        CHECK(scene.targets() == "R3");
    }

    TEST_CASE("in a partition replicas that went beyond a limit before it showed are kept")
    {
        Scene scene;
        scene.pass(2'000);
        const auto cut = scene.now;
        const auto stuck = scene.written();
        for (; scene.now < cut + 1'400; scene.now += 200) {
            scene.vote_for("r1:1", 1);
            scene.master();
            scene.say(replica(r, scene.now, stuck));
            scene.say(replica(r3, scene.now, stuck));
        }
        CHECK(scene.targets().empty());
        CHECK(scene.of(1) == Fitness::old);
        for (std::size_t i = 0; i < 3; ++i) {
            auto down = vote("r1:1", 1, scene.now);
            down.flags.s_down = down.flags.o_down = true;
            scene.watch.cast(i, down);
        }
        scene.review();
        REQUIRE(scene.watch.verdict().state == verdict::State::odown);
        CHECK(scene.targets() == "R2 R3");
    }

    // R3 dies, its master a second later, and R3 comes back with this.
    Fitness after_restart(Probe back)
    {
        Scene scene;
        const auto of_process = [&](const RunId& run_id) {
            auto made = replica(r3, scene.now, scene.written());
            made.run_id = run_id;
            return made;
        };
        scene.pass(2'000, [&] { scene.say(of_process(run_id('a'))); });
        auto dead = of_process({});
        dead.silent_since = at(scene.now);
        dead.refused = true;
        scene.pass(3'000, [&] { scene.say(dead); });
        auto gone = answered(m, Role::master, scene.now, scene.written());
        gone.silent_since = at(scene.now);
        gone.refused = true;
        scene.say(gone);
        scene.now += 3'000;
        back.answered_at = at(scene.now);
        back.link = Link::none;
        scene.say(back);
        return scene.of(2);
    }

    TEST_CASE("a replica that was started anew is not kept, whatever it has loaded")
    {
        auto same = replica(r3, 0, 0);
        same.run_id = run_id('a');
        CHECK(after_restart(same) == Fitness::kept);
        auto other = same;
        other.run_id = run_id('b');
        CHECK(after_restart(other) == Fitness::unlinked);
        auto untold = same;
        untold.run_id = {};  // between the connection and its first INFO
        CHECK(after_restart(untold) == Fitness::unlinked);
    }

    TEST_CASE("nor one whose offset went back")
    {
        auto back = replica(r3, 0, 77);
        back.run_id = run_id('a');
        CHECK(after_restart(back) == Fitness::unlinked);
    }

    TEST_CASE("nor one whose link had lapsed while its master was beyond doubt")
    {
        for (const int lapse : {600, 1'400}) {
            Scene scene;
            scene.pass(2'000);
            auto unlinked = replica(r3, scene.now, 0);
            unlinked.link = Link::none;
            const auto say = [&] {
                unlinked.answered_at = at(scene.now);
                scene.say(unlinked);
            };
            scene.pass(scene.now + lapse, say);
            auto gone = answered(m, Role::master, scene.now, scene.written());
            gone.silent_since = at(scene.now);
            gone.refused = true;
            scene.say(gone);
            say();
            CHECK(scene.of(2) == (lapse == 600 ? Fitness::kept : Fitness::unlinked));
        }
    }

    TEST_CASE("one whose link broke because the master died is kept")
    {
        Scene scene;
        crash(scene);
        linger(scene, scene.now + 20'000);
        CHECK(scene.targets() == "R2 R3");
    }
}
