// HAProxy's master CLI (`haproxy -S`, doc/management.txt, 9.4): which processes there are, and the
// sessions of a worker that a reload has left behind. Such an old worker keeps its sessions, and
// its stats socket belongs to the new one, so that only the master reaches it. There `set server`
// and `shutdown sessions server` answer "Proxy is disabled." (2.6 to 3.4); sessions are ended one
// by one.
#pragma once

#include "haproxy_api/wish.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::haproxy_api {

using Pid = std::uint32_t;

// A session of a worker on a server.
struct SessionSeen {
    std::string id;
    std::string backend;
    std::string server;

    bool operator==(const SessionSeen&) const = default;
};

// Each as one line.
std::string list_processes();
std::string list_sessions(Pid worker);
std::string end_sessions(Pid worker, std::span<const std::string> ids);

// The same to a stats socket: of the process itself, without a worker's number.
std::string list_sessions();
std::string end_sessions(std::span<const std::string> ids);

// So many fit into a line of HAProxy's default buffer.
inline constexpr std::size_t most_ids_a_line = 300;

// The old workers in a reply to `show proc`; nothing when it is none.
std::optional<std::vector<Pid>> parse_old_workers(std::string_view reply);

// The sessions in a reply to `show sess` that have a server; nothing when it is none, or cut.
std::optional<std::vector<SessionSeen>> parse_sessions(std::string_view reply);

}  // namespace spoa::haproxy_api
