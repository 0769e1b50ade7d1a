// MonitoredNames, driven as daemon/control drives it, without sockets, threads and clocks. What the
// peers are and say comes from a script, and so does time.
#pragma once

#include "fuzz/script.hpp"
#include "fuzz/scripted_haproxy.hpp"
#include "fuzz/scripted_redis.hpp"
#include "haproxy_api/delivery.hpp"
#include "monitor/monitored_names.hpp"
#include "node/restart.hpp"
#include "sentinel/interview.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace spoa::fuzz {

using TimePoint = std::chrono::steady_clock::time_point;

// The name under watch, configured in one of sixteen ways.
verdict::Subject subject_of(unsigned choice);

class ControlWorld final : private monitor::Surroundings {
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
    void configure(verdict::Subject subject, const std::vector<std::optional<std::size_t>>& peers);
    void set_sentinels(std::size_t count);
    void restart();
    void forget();

    // As daemon/control does after each.
    void perform(const monitor::Effects& effects);
    void want();
    void note_majority();
    haproxy_api::Readiness readiness(std::size_t name, const std::string& server) const override;
    verdict::SessionsSeen sessions(
        std::size_t name, const verdict::Failover* under_way) const override;
    const monitor::MonitoredName& name() const { return names_->at(0); }
    const verdict::Watch& watch() const { return name().watch; }

    // control_promises.cpp
    std::size_t count_for(const Endpoint& address) const;
    void check_verdict(const std::optional<Endpoint>& before);
    void check_reads() const;
    void check_wishes() const;
    void check_memory() const;
    void look() const;

    TimePoint now_{std::chrono::hours(1)};
    std::optional<monitor::MonitoredNames> names_;
    std::optional<Endpoint> current_;  // at the last look
    std::vector<Peer> peers_;
    std::array<Node, nodes> nodes_;
    ScriptedHaproxy haproxy_;
    std::array<Backend, 2> backends_{
        Backend{haproxy_api::Fence("redis_nodes"), {}, false},
        Backend{haproxy_api::Fence("redis_reads"), {}, true}};
    std::set<Endpoint> named_;  // by a majority, ever
};

}  // namespace spoa::fuzz
