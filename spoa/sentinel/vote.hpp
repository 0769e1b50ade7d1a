#pragma once

#include "base/endpoint.hpp"
#include "base/peer_text.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace spoa::sentinel {

// All times here are given by the caller; nothing in this layer looks at a clock.
using TimePoint = std::chrono::steady_clock::time_point;

// What `SENTINEL MASTER` says of a master beside its address. Other words are ignored: newer
// versions add some.
struct Flags {
    bool s_down = false;
    bool o_down = false;
    bool failover_in_progress = false;
    bool disconnected = false;
    bool promoting = false;  // failover-state: from send_slaveof_noone on

    bool operator==(const Flags&) const = default;
};

// A replica that a Sentinel does not see, by its SENTINEL REPLICAS.
struct UnseenReplica {
    Endpoint address;
    bool s_down = false;  // for down-after-milliseconds; else its connection alone is missing

    bool operator==(const UnseenReplica&) const = default;
};

// Which process a Sentinel knows behind a host name: where the name leads now may be another one.
struct KnownProcess {
    Endpoint address;
    std::string run_id;

    bool operator==(const KnownProcess&) const = default;
};

// What one Sentinel said last about one name.
struct Vote {
    std::optional<Endpoint> address;  // GET-MASTER-ADDR-BY-NAME; nothing: it does not know the name
    std::uint64_t config_epoch = 0;   // MASTER's
    // About the address in the vote. Empty when MASTER named another one: on the leader, from
    // +promoted-slave to the end of the failover, its flags are those of the old master.
    Flags flags;
    std::chrono::milliseconds ping_pending{0};  // how long the master owes this Sentinel a PONG
    // How the Sentinel is set up and sees its peers, whatever the address.
    std::chrono::milliseconds failover_timeout{0};
    std::uint64_t known_sentinels = 0;    // itself included
    bool no_quorum_for_failover = false;  // its last CKQUORUM failed
    bool in_tilt = false;                 // its flags do not count, its address does
    std::vector<UnseenReplica> unseen{};  // empty where reads do not go to replicas
    std::vector<Endpoint>
        promotable{};  // replicas that it may promote; empty where it is not asked
    std::vector<KnownProcess> processes{};  // the master's, and those of its replicas
    std::vector<std::string> monitored{};  // of the names it knows, where it does not know this one
    // MYID; empty where the Sentinel does not know the command (before 6.2).
    PeerText sentinel_id;
    TimePoint answered_at;

    bool operator==(const Vote&) const = default;
};

}  // namespace spoa::sentinel
