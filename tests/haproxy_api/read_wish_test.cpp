#include "haproxy_api/read_wish.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace spoa;
using namespace std::chrono_literals;
using haproxy_api::Drain;
using haproxy_api::ReadWishes;
using haproxy_api::Wish;
using verdict::Fitness;
using verdict::ReadFallback;

namespace {

const ReadWishes::TimePoint start{1h};

// R1 is master; reads go to those of the others that are fresh, where `only` does not say less.
struct Scene {
    verdict::Verdict verdict;
    std::vector<verdict::Replica> replicas{3};
    verdict::ReplicaPolicy policy;
    ReadWishes wishes;

    Scene()
    {
        verdict.state = verdict::State::ok;
        verdict.open = true;
        verdict.server = "R1";
        verdict.address = Endpoint{"10.0.0.1", 6379};
        for (std::size_t i = 0; i < 3; ++i)
            replicas[i].server = {"R" + std::to_string(i + 1), {"10.0.0.1", 6379}};
        policy.drain = 1s;
        become(Fitness::fresh, Fitness::fresh);
    }

    void become(Fitness second, Fitness third, std::string_view only = "R2 R3")
    {
        replicas[0].fitness = Fitness::master;
        replicas[1].fitness = second;
        replicas[2].fitness = third;
        set.targets.clear();
        for (const auto& replica : replicas)
            if (is_usable(replica.fitness) && only.find(replica.server.name) != std::string::npos)
                set.targets.push_back({replica.server, 1});
    }

    // The wishes of R1, R2 and R3, a letter each.
    std::string at(ReadWishes::TimePoint now)
    {
        wishes.follow({verdict, replicas, set, policy}, now);
        std::string out;
        for (const auto& [server, wish] : wishes.wishes())
            out += haproxy_api::word_for(wish)[0];
        return out;
    }

    verdict::ReadSet set;
};

}  // namespace

TEST_SUITE("haproxy_api/read_wish")
{
    TEST_CASE("the replicas are in, and the master is out once it has drained")
    {
        Scene scene;
        CHECK(scene.at(start) == "lrr");
        CHECK(scene.wishes.look_again() == start + 1s);
        CHECK(scene.at(start + 999ms) == "lrr");
        CHECK(scene.at(start + 1s) == "irr");
        CHECK_FALSE(scene.wishes.look_again().has_value());
        CHECK(scene.at(start + 1h) == "irr");
    }

    TEST_CASE("one that leaves drains first, and comes back at once")
    {
        Scene scene;
        scene.at(start);
        scene.become(Fitness::silent, Fitness::fresh);
        CHECK(scene.at(start + 10s) == "ilr");
        CHECK(scene.wishes.drains().at("R2") == Drain{start + 10s, start + 11s});
        CHECK(scene.at(start + 11s) == "iir");
        scene.become(Fitness::fresh, Fitness::fresh);
        CHECK(scene.at(start + 12s) == "irr");
        CHECK_FALSE(scene.wishes.drains().contains("R2"));
    }

    TEST_CASE("without a drain it is out at once")
    {
        Scene scene;
        scene.policy.drain = 0s;
        scene.become(Fitness::old, Fitness::fresh);
        CHECK(scene.at(start) == "iir");
    }

    TEST_CASE("one that was not asked yet, or is fresh and not preferred, is left as it is")
    {
        Scene scene;
        scene.at(start);
        scene.become(Fitness::unknown, Fitness::unmeasured);
        scene.policy.fallback = ReadFallback::refuse;
        CHECK(scene.at(start + 10s) == "ill");
        scene.become(Fitness::fresh, Fitness::fresh, "R3");
        CHECK(scene.at(start + 20s) == "ilr");
    }

    TEST_CASE("one that is promoted leaves while another is fresh")
    {
        Scene scene;
        scene.at(start);
        scene.become(Fitness::promoted, Fitness::kept, "R3");
        CHECK(scene.at(start + 10s) == "ilr");
        CHECK(scene.at(start + 11s) == "iir");
    }

    TEST_CASE("the master is in while it serves the reads of others, and may be used")
    {
        Scene scene;
        scene.become(Fitness::silent, Fitness::old);
        CHECK(scene.at(start) == "rll");
        CHECK(scene.at(start + 1s) == "rii");
        scene.verdict.open = false;
        CHECK(scene.at(start + 2s) == "lii");
        CHECK(scene.at(start + 3s) == "iii");
        scene.verdict.open = true;
        scene.policy.fallback = ReadFallback::wait;
        CHECK(scene.at(start + 4s) == "iii");
    }

    TEST_CASE("before any master is known everything is left as it is")
    {
        Scene scene;
        scene.verdict.address.reset();
        scene.verdict.open = false;
        scene.become(Fitness::silent, Fitness::old);
        CHECK(scene.at(start) == "lll");
        CHECK(scene.at(start + 1h) == "lll");
    }

    TEST_CASE("sessions go evenly")
    {
        const Drain drain{start, start + 1s};
        CHECK(haproxy_api::due_to_end(drain, 100, 100, start) == 0);
        CHECK(haproxy_api::due_to_end(drain, 100, 100, start + 250ms) == 25);
        CHECK(haproxy_api::due_to_end(drain, 100, 75, start + 250ms) == 0);
        CHECK(haproxy_api::due_to_end(drain, 100, 75, start + 500ms) == 25);
        CHECK(haproxy_api::due_to_end(drain, 100, 3, start + 1s) == 3);
        CHECK(haproxy_api::due_to_end({start, start}, 100, 100, start) == 100);
    }
}
