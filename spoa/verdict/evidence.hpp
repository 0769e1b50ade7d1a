// What a verdict is made from, beside the configuration.
#pragma once

#include "base/run_id.hpp"
#include "node/reply_parser.hpp"
#include "sentinel/vote.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace spoa::verdict {

using sentinel::TimePoint;
using sentinel::Vote;

using node::Link;
using node::Role;

// What our own connection to a data node says of it.
struct Probe {
    Endpoint address;
    Role role = Role::unknown;  // of the last answer to ROLE
    bool loading = false;       // it loads its data and serves nothing
    std::uint64_t offset = 0;   // of replication: written by a master, taken by a replica
    std::optional<TimePoint> answered_at;  // when the question of the last answer was asked
    // Since when it does not answer: the oldest open question, or the end of the connection.
    std::optional<TimePoint> silent_since;
    bool refused = false;  // it is silent because it hung up, or nobody listens at the address
    // Its host name leads to another address than the node was last known at, and nothing has shown
    // since that the process there is the node.
    bool elsewhere = false;
    // Of a replica.
    std::optional<Endpoint> follows;  // its master
    Link link = Link::none;           // to that
    bool announced = true;            // Sentinels are to tell of it
    std::uint64_t priority = 100;     // 0: never to be promoted
    // Of a master, by its own list of its replicas.
    std::vector<node::Acknowledged> replicas;
    std::size_t syncing_replicas = 0;        // which get all data anew; this and the next by INFO
    std::optional<std::uint64_t> least_lag;  // seconds since the last acknowledgement of any
    std::optional<TimePoint> informed_at;    // when INFO was asked
    RunId run_id;                            // of its process; unknown until that has told

    bool operator==(const Probe&) const = default;
};

// A Sentinel said that its failover has begun to promote a replica.
struct Promotion {
    Endpoint master;                    // the one that is being replaced
    std::optional<Endpoint> candidate;  // the one that is being promoted
    std::size_t sentinel = 0;           // who leads
    TimePoint heard_at;

    bool operator==(const Promotion&) const = default;
};

// A server that leads elsewhere than its name says, as HAProxy has it: to be named to nobody.
struct Misplaced {
    std::string server;
    std::string why;  // a sentence

    bool operator==(const Misplaced&) const = default;
};

struct Evidence {
    std::span<const std::optional<Vote>> ballots;  // by Sentinel; nothing while it is not connected
    std::span<const Probe> probes;                 // one a node; empty where nodes are not probed
    std::span<const Promotion>
        promotions;  // the last of a Sentinel, if neither aborted nor finished
    std::span<const Misplaced> misplaced{};
};

inline constexpr std::chrono::milliseconds probe_ttl{1'000};  // an answer counts for so long

// Takes what the node answered to a question asked at `asked_at`. ROLE also ends its silence.
void hear_role(Probe& probe, node::RoleReply role, TimePoint asked_at);
void hear_info(Probe& probe, const node::Info& info, TimePoint asked_at);

// The probe of `address`; nullptr where it is not probed.
const Probe* find_probe(std::span<const Probe> probes, const Endpoint& address);

// Whether the last answer of a probe is young enough to count.
bool is_fresh(const Probe& probe, TimePoint now);

// Whether the node has said lately that this is its role; false without a probe.
bool says(const Probe* probe, Role role, TimePoint now);

// Whether the flags of a vote are about `address` and count: not in TILT.
bool flags_count(const Vote& vote, const Endpoint& address);

}  // namespace spoa::verdict
