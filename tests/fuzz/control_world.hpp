// All that the control thread judges by, wired as daemon/control wires it, without sockets, threads
// and clocks. What the peers are and say comes from a script, and so does time.
#pragma once

#include "fuzz/script.hpp"
#include "fuzz/scripted_haproxy.hpp"
#include "fuzz/scripted_redis.hpp"
#include "haproxy_api/delivery.hpp"
#include "haproxy_api/read_wish.hpp"
#include "node/restart.hpp"
#include "sentinel/interview.hpp"
#include "verdict/failover.hpp"
#include "verdict/replica_watch.hpp"
#include "verdict/watch.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace spoa::fuzz {

using TimePoint = std::chrono::steady_clock::time_point;

class ControlWorld {
public:
    explicit ControlWorld(Script& script);

    // One letter of the script, and what follows from it.
    void step(Script& script);

private:
    struct Peer {
        ScriptedSentinel said;
        sentinel::Interview interview;
        bool up = false;
        std::optional<sentinel::Round> pending;
        std::optional<sentinel::Vote> cast;  // our own note of it, to count by
    };
    struct Node {
        ScriptedNode said;
        verdict::Probe probe;
        node::RestartWatch restarts;
    };
    struct Backend {
        haproxy_api::Fence fence;
        std::string trouble;
        bool reads = false;
    };

    // control_script.cpp
    void step_sentinel(char letter, Script& script);
    void change_sentinel(char letter, Script& script);
    void step_node(char letter, Script& script);
    void step_haproxy(char letter, Script& script);

    // control_world.cpp: as the links do.
    Peer& peer(Script& script) { return peers_[script.digit() % peers_.size()]; }
    std::size_t place_of(const Peer& peer) const
    {
        return static_cast<std::size_t>(&peer - peers_.data());
    }
    void connect(Peer& peer);
    void begin(Peer& peer);
    void finish(Peer& peer);
    void take(Peer& peer, const std::vector<resp::Value>& replies);
    void lose(Peer& peer);
    void hear(Peer& peer, const std::string& bytes);
    void probe(unsigned node);
    void miss(unsigned node, bool refused);
    void turn(Backend& backend);
    std::vector<verdict::Misplaced> misplaced(const Backend& backend) const;
    void configure(unsigned choice);
    void set_sentinels(std::size_t count);
    void restart();
    void forget();

    // As daemon/control does after each.
    void review();
    void want();

    // control_promises.cpp
    std::size_t count_for(const Endpoint& address) const;
    void check_verdict(const std::optional<Endpoint>& before);
    void check_reads() const;
    void check_wishes(const haproxy_api::Wishes& wishes) const;
    void check_memory() const;
    void look() const;

    TimePoint now_{std::chrono::hours(1)};
    std::optional<verdict::Watch> watch_;
    verdict::ReplicaWatch replicas_;
    verdict::Course course_;
    haproxy_api::ReadWishes read_wishes_;
    std::vector<Peer> peers_;
    std::array<Node, nodes> nodes_;
    ScriptedHaproxy haproxy_;
    std::array<Backend, 2> backends_{
        Backend{haproxy_api::Fence("redis_nodes"), {}, false},
        Backend{haproxy_api::Fence("redis_reads"), {}, true}};
    std::set<Endpoint> named_;  // by a majority, ever
};

}  // namespace spoa::fuzz
