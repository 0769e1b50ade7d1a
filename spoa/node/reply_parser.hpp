// What a data node says of itself: ROLE, and the parts of INFO that matter.
#pragma once

#include "base/endpoint.hpp"
#include "resp/value.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace spoa::node {

enum class Role : std::uint8_t { unknown, master, replica };

// A replica's link to its master.
enum class Link : std::uint8_t {
    none,     // broken, or being made
    syncing,  // it gets all data anew, and is about to load them
    up,
};

// A replica in its master's list: what it has acknowledged. 0: it is connected, and has not yet.
struct Acknowledged {
    Endpoint replica;
    std::uint64_t offset = 0;

    bool operator==(const Acknowledged&) const = default;
};
inline constexpr std::size_t most_listed = 64;  // of one master's replicas; more are not looked at

struct RoleReply {
    Role role = Role::unknown;
    std::uint64_t offset = 0;              // written by a master, taken by a replica
    std::optional<Endpoint> follows;       // a replica's master, by the words it was told
    Link link = Link::none;                // of a replica
    std::vector<Acknowledged> replicas{};  // of a master: those that are online
};

// The reply to ROLE; nothing when it is an error or that of no data node (a Sentinel has the role
// `sentinel`).
std::optional<RoleReply> parse_role(const resp::Value& reply);

// INFO of the sections server, replication, persistence and keyspace. What a version does not tell
// keeps its default.
struct Info {
    PeerText run_id;
    bool loading = false;
    std::uint64_t connected_replicas = 0;
    // Of a master's replicas: those that get all data anew, and how many seconds ago the one that
    // acknowledged last did so; nothing where none is online.
    std::size_t syncing_replicas = 0;
    std::optional<std::uint64_t> least_lag;
    std::uint64_t offset = 0;
    std::uint64_t keys = 0;          // of all databases
    std::optional<Endpoint> master;  // of a replica
    bool master_link_up = false;     // of a replica
    bool announced = true;           // of a replica: Sentinels are to tell of it
    std::uint64_t priority = 100;    // of a replica: 0 is never to be promoted

    bool operator==(const Info&) const = default;
};

// Nothing when the reply is an error or no text.
std::optional<Info> parse_info(const resp::Value& reply);

}  // namespace spoa::node
