// One line of a pool's `servers:`, as nutcracker 0.5 reads it, from its end:
//
//   10.0.0.1:6379:1 R1      host:port:weight name
//   10.0.0.1:6379:1         without a name; keys are then spread by the address
//   2001:db8::1:6379:1 R1   IPv6 without brackets
//   /run/redis.sock:1 R1    a UNIX socket has no port
#pragma once

#include "base/endpoint.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace spoa::twemproxy {

struct ServerEntry {
    std::string address;  // up to the weight: what is replaced when the master moves
    std::string weight;
    std::string name;  // empty: it has none
};

// Nothing for a text that nutcracker would refuse.
std::optional<ServerEntry> parse_server_entry(std::string_view text);

// An address as it stands in an entry.
std::string entry_address(const Endpoint& endpoint);

// Whether the address of an entry is this one, however it is written.
bool names_address(const ServerEntry& entry, const Endpoint& endpoint);

}  // namespace spoa::twemproxy
