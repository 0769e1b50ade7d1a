// The commands of HAProxy's runtime API that the agent sends, as text. HAProxy's
// doc/management.txt, 9.3, has them all.
//
// What the agent keeps in maintenance it notes in HAProxy itself, in a variable of the process for
// each backend: `proc.sentinel_spoa.BACKEND` = `R2/R3`. Maintenance set by an operator is the same
// bit in HAProxy, and looks the same. The note ends when the maintenance does, with the process,
// and another agent, or this one after a restart, reads it. `set var` is experimental in HAProxy,
// hence `experimental-mode on`, which also fails where the socket's level is below admin.
#pragma once

#include "base/endpoint.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::haproxy_api {

// The variable of a backend. Letters and digits stay, all else is `_` and two hexadecimal digits:
// HAProxy's names of proxies may have characters that those of variables may not.
std::string mark_name(std::string_view backend);

std::string make_ready(std::string_view backend, std::string_view server);
std::string make_maint(std::string_view backend, std::string_view server);
// `address` is an IP address.
std::string move_server(std::string_view backend, std::string_view server, const Endpoint& address);
std::string end_sessions(std::string_view backend, std::string_view server);
std::string write_mark(std::string_view backend, const std::set<std::string>& servers);

// What one backend is to be told, and it is looked at in any case.
struct Commands {
    std::string backend;
    // HAProxy's number of it; nothing before the first look. By its name, `show stat` would take a
    // frontend that is called the same.
    std::optional<std::uint64_t> id;
    std::vector<std::string> opening;  // servers made ready: before anything is closed
    std::vector<std::string> closing;
};

// One line for all these backends. The reply has the sessions as they were before, and the states
// and marks as they are after the commands.
std::string batch_of(std::span<const Commands> backends);

}  // namespace spoa::haproxy_api
