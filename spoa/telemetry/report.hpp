#pragma once

#include "node/restart.hpp"
#include "telemetry/moment.hpp"
#include "verdict/failover.hpp"
#include "verdict/replica_watch.hpp"
#include "verdict/watch.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spoa::telemetry {

// One Sentinel as the agent sees it.
struct SentinelReport {
    std::string address;
    bool up = false;
    std::string failure;  // why not, while it is not up; never holds a secret
    PeerText id{};        // as it last said; empty where that is not known
    std::string flood{};  // why its events are not heard; empty while they are
};

// When a node came back from a restart with less data, as the master, and what was seen.
struct LossReport {
    node::Restart restart;
    verdict::TimePoint at;
};

// The trouble of a node at first.
inline constexpr std::string_view not_asked_yet = "not asked yet";

// The trouble of one that a set may still grow to.
inline constexpr std::string_view not_there_yet =
    "not there yet: its name has no address, and no Sentinel knows it";

// One data node as the agent's own connection sees it.
struct NodeReport {
    std::string server;
    Endpoint address;
    node::Info info;
    std::string trouble;             // why it cannot be asked; empty while it answers
    std::optional<LossReport> loss;  // the last one
    std::string no_info{};           // why it refuses INFO, although it can be asked
    bool announced = false;          // a Sentinel knows it, or has known it

    bool is_in_trouble() const
    {
        return !trouble.empty() && trouble != not_asked_yet && trouble != not_there_yet;
    }
};

// What the clients of a name get from HAProxy, whatever the verdict says.
struct DeliveryReport {
    // Why they do not get to the master although the verdict is open, or sessions of a former one
    // may live on: a sentence each. Any makes the name undeliverable.
    std::vector<std::string> obstacles;
    std::vector<std::string> problems;  // what would be one after a failover, or is wrong besides
    std::vector<std::string>
        troubles{};  // HAProxies that do not answer, of which each tells by itself

    bool is_blocked() const { return !obstacles.empty(); }
    bool operator==(const DeliveryReport&) const = default;
};

// One monitored name, with all that is known of it.
struct NameReport {
    const verdict::Watch& watch;
    std::span<const NodeReport> nodes;  // empty where nodes are not probed
    std::uint64_t waiting = 0;          // new connections that wait for a clear verdict
    const std::deque<verdict::Failover>* failovers = nullptr;  // oldest first; may be missing
    std::size_t place = 0;                                     // where the agent keeps it
    const verdict::ReplicaWatch* replicas = nullptr;           // where role=replica is offered
    const DeliveryReport* delivery = nullptr;                  // where a HAProxy is kept in order
};

// The workers that a HAProxy has left behind when it was reloaded, as its master tells.
struct OldWorkersReport {
    struct Worker {
        std::uint32_t pid = 0;
        std::uint64_t sessions = 0;  // on the configured backends
    };
    std::string master_cli;
    bool up = false;
    std::string failure;  // why not, while it is not up
    std::vector<Worker> workers;
};

// One HAProxy that is kept in order over its runtime API.
struct HaproxyReport {
    struct Server {
        std::string name;
        std::string state;   // ready, drain, maint (by the agent), maint (by an operator)
        std::string wanted;  // ready, maint, or as it is
        std::uint64_t sessions = 0;
    };
    struct Backend {
        std::string name;
        std::string master_name;
        std::vector<Server> servers;        // empty while nothing is known
        std::vector<std::string> warnings;  // a sentence each
    };
    std::string runtime_api;
    bool up = false;
    std::string failure;  // why not, while it is not up
    std::vector<Backend> backends;
    std::optional<OldWorkersReport> old_workers;  // where a master CLI is configured
};

// One nutcracker whose file follows the masters.
struct TwemproxyReport {
    struct Pool {
        std::string pool;
        std::string server;  // as configured: empty is the only one
        std::string master_name;
        std::string wanted;   // the address of the master; empty while no verdict named one
        std::string in_file;  // the address in the file; empty while that is not known
    };
    std::string file;
    std::string trouble;  // why it does not follow; empty while it does
    std::optional<std::chrono::nanoseconds> last_restart;  // how long the last one took
    std::vector<Pool> pools;
};

// What became of the last reload of the configuration.
struct ReloadReport {
    std::string failure;  // why nothing changed; empty when it is in force
    verdict::TimePoint at;
};

// How each server of a name should be in HAProxy: the server, then ready, maint, idle or leave.
using ServerWishes = std::vector<std::pair<std::string, std::string_view>>;

// The JSON of /v1/masters: the Sentinels, and every name with its verdict and votes.
std::string masters_json(
    std::span<const NameReport> names, std::span<const SentinelReport> sentinels, const Moment& now,
    std::span<const HaproxyReport> haproxies = {},
    std::span<const TwemproxyReport> twemproxies = {}, const ReloadReport* reload = nullptr);

// The JSON of /v1/masters/NAME: all that `explain` shows.
std::string master_json(
    const NameReport& name, std::span<const SentinelReport> sentinels, const Moment& now,
    std::span<const HaproxyReport> haproxies = {},
    std::span<const TwemproxyReport> twemproxies = {});

// The reads of a name, and how each server should be in HAProxy's backends for them.
struct ReadsNow {
    const verdict::ReplicaWatch& replicas;
    ServerWishes servers;
};

// Lines of /v1/events, each one object with its '\n': a name as it is now, a failover as far as it
// has come, and the sign of life.
std::string master_event(
    const verdict::Watch& watch, const ServerWishes& servers, const DeliveryReport& delivery,
    const Moment& now, const ReadsNow* reads = nullptr);
std::string failover_event(
    std::string_view name, const verdict::Failover& failover, const Moment& now);
std::string heartbeat_event(const Moment& now);

}  // namespace spoa::telemetry
