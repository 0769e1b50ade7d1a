// What HAProxy's proxies are called and which addresses they have: the same in every form, and
// what `haproxy: backends:` and dashboards refer to.
//
//   redis_NAME           frontend, one for each monitored name
//   redis_NAME_nodes     backend of use-server, set-dst, and both forms with Lua
//   redis_NAME_SERVER    backend of one server           (backends)
//   redis_NAME_refuse    backend without a server        (backends)
//
// For the reads of a name that has `replicas` the same again, as if it were called NAME_read.
// NAME is written as base/identifier.hpp says.
#pragma once

#include "base/endpoint.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace spoa::haproxy_config {

inline constexpr std::string_view spoe_file_name = "spoe-sentinel.cfg";
inline constexpr std::string_view lua_file_name = "lua/sentinel.lua";

// HAProxy looks for every path of a running process below this folder.
inline constexpr std::string_view chroot_folder = "/var/lib/haproxy";

std::string frontend_of(std::string_view master);
std::string nodes_backend_of(std::string_view master);
std::string server_backend_of(std::string_view master, std::string_view server);
std::string refuse_backend_of(std::string_view master);

// 16379 for the first name, one more for each that follows: not Redis' own 6379, which is taken
// where HAProxy and Redis share a host.
std::size_t port_of(std::size_t index);

// The same for reads: 17379 for the first name.
std::size_t read_port_of(std::size_t index);

// What the proxies for the reads of a name are called after.
std::string read_name_of(std::string_view master);

// Any printable text as one word of haproxy.cfg, in quotes where it needs them.
std::string word_of(std::string_view text);

// Any printable text as a sample, `str(…)`, in one word of haproxy.cfg.
std::string sample_of(std::string_view text);

// The path of a file in this folder, as a word of haproxy.cfg.
std::string path_in(std::string_view directory, std::string_view file);

// Whether HAProxy, once chrooted, can still reach this listener of the agent.
bool reachable_from_chroot(const SocketAddress& listener);

// Where HAProxy finds an agent that listens here: a wildcard becomes loopback, and a socket
// below the chroot loses that part of its path.
std::string agent_address(const SocketAddress& listener);

}  // namespace spoa::haproxy_config
