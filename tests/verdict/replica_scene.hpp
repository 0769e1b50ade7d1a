// A name with two replicas under watch, for the tests of reads.
#pragma once

#include "verdict/probes.hpp"
#include "verdict/replica_watch.hpp"

#include <string>

namespace spoa::test {

using verdict::Fitness;
using verdict::Link;
using verdict::Probe;
using verdict::ReplicaPolicy;
using verdict::ReplicaWatch;
using verdict::Role;
using verdict::Watch;

inline const Endpoint r3 = endpoint("r3:1");

inline verdict::Subject with_replicas(const ReplicaPolicy& policy = {})
{
    auto made = subject();
    made.replicas = policy;
    return made;
}

// R1 is master, R2 and R3 follow it; three Sentinels agree. The master writes 1000 bytes in
// 200 ms, and all are asked every 200 ms, the replicas 50 ms after it.
struct Scene {
    Watch watch;
    ReplicaWatch replicas;
    int now = 0;
    int changes = 0;

    explicit Scene(const ReplicaPolicy& policy = {}) : watch(with_replicas(policy), 3, at(0))
    {
        vote_for("r1:1", 1);
        master();
        now += 50;
        both();
    }

    void vote_for(std::string_view address, std::uint64_t epoch)
    {
        for (std::size_t i = 0; i < 3; ++i)
            watch.cast(i, vote(address, epoch, now));
        review();
    }

    // So many of the three Sentinels do not see R3.
    void unsee(std::size_t sentinels, bool s_down)
    {
        for (std::size_t i = 0; i < 3; ++i) {
            auto made = vote("r1:1", 1, now);
            if (i < sentinels)
                made.unseen = {{r3, s_down}};
            watch.cast(i, made);
        }
        review();
    }

    void review()
    {
        watch.review(at(now));
        changes += replicas.review(watch, at(now)) ? 1 : 0;
    }

    void say(Probe probe)
    {
        watch.examine(std::move(probe));
        review();
    }

    std::uint64_t written() const { return 5'000'000 + 5 * static_cast<std::uint64_t>(now); }

    void master() { say(answered(m, Role::master, now, written())); }
    void both()
    {
        say(replica(r, now, written()));
        say(replica(r3, now, written()));
    }

    // Until then all answer, but for what `instead` says in place of R3.
    template <class Instead>
    void pass(int until, Instead instead)
    {
        for (; now < until; now += 150) {
            vote_for("r1:1", 1);
            master();
            now += 50;
            say(replica(r, now, written()));
            instead();
        }
    }
    void pass(int until)
    {
        pass(until, [this] { say(replica(r3, now, written())); });
    }

    // The names of the servers that reads go to.
    std::string targets() const
    {
        std::string names;
        for (const auto& target : replicas.reads().targets)
            names += (names.empty() ? "" : " ") + target.server.name;
        return names;
    }
    Fitness of(std::size_t server) const { return replicas.replicas()[server].fitness; }
};

// The master is gone, and the Sentinels see it.
inline void crash(Scene& scene)
{
    scene.pass(2'000);
    auto gone = answered(m, Role::master, scene.now, scene.written());
    gone.silent_since = at(scene.now);
    gone.refused = true;
    scene.say(gone);
    for (const auto& address : {r, r3}) {
        auto unlinked = replica(address, scene.now, 0);
        unlinked.link = Link::none;
        scene.say(unlinked);
    }
}

}  // namespace spoa::test
