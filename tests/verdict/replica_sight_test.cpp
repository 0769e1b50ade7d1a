#include "verdict/replica_scene.hpp"

#include <doctest/doctest.h>

using namespace spoa;
using namespace spoa::test;

TEST_SUITE("verdict/replica_watch: what the Sentinels see")
{
    TEST_CASE("s_down at a majority takes a replica out at once, whatever it answers to us")
    {
        Scene scene;
        scene.unsee(1, true);
        CHECK(scene.targets() == "R2 R3");
        scene.unsee(2, true);
        CHECK(scene.targets() == "R2");
        CHECK(scene.of(2) == Fitness::s_down);
        CHECK(words_for(scene.replicas.replicas()[2]) == "s_down at 2 of 3 Sentinels");
    }

    TEST_CASE("it comes back when the Sentinels see it again and it has settled")
    {
        Scene scene;
        scene.unsee(2, true);
        scene.unsee(1, true);
        CHECK(scene.of(2) == Fitness::settling);
        scene.pass(scene.now + 1'000);
        CHECK(scene.targets() == "R2 R3");
    }

    TEST_CASE("a missing connection has to last, because it is missing after every switch")
    {
        Scene scene;
        const auto began = scene.now;
        const auto step = [&] {
            scene.unsee(3, false);
            scene.master();
            scene.both();
            scene.now += 100;
        };
        while (scene.now < began + 2'900)
            step();
        CHECK(scene.targets() == "R2 R3");
        REQUIRE(scene.replicas.look_again().has_value());
        while (scene.now < began + 3'100)
            step();
        CHECK(scene.targets() == "R2");
        CHECK(words_for(scene.replicas.replicas()[2]) == "out of reach of 3 of 3 Sentinels");
        scene.unsee(1, false);
        CHECK(scene.of(2) == Fitness::settling);
    }

    TEST_CASE("votes that are lost or old do not count against a replica")
    {
        Scene scene;
        scene.unsee(2, true);
        scene.watch.lose(0);
        scene.review();
        CHECK(scene.of(2) != Fitness::s_down);

        Scene old;
        old.unsee(3, true);
        old.now += 1'600;
        old.review();
        CHECK(old.of(2) != Fitness::s_down);
    }

    TEST_CASE("a replica kept in a doubt leaves too, and the only one leaves a reason")
    {
        Scene scene;
        crash(scene);
        REQUIRE(scene.of(2) == Fitness::kept);
        scene.unsee(2, true);
        CHECK(scene.targets() == "R2");

        ReplicaPolicy policy;
        policy.weights["R2"] = 0;
        Scene alone(policy);
        alone.unsee(3, true);
        CHECK(
            alone.replicas.reads().reason ==
            "no replica is fresh enough: R1 is the master, R2 is given no weight, "
            "R3 is s_down at 3 of 3 Sentinels");
    }
}
