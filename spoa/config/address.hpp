// Addresses as the configuration takes them: those of base/endpoint.hpp whose host is an IP address
// or a possible host name, and a sentence that says what to write where a text is neither.
#pragma once

#include "base/endpoint.hpp"
#include "config/parsed.hpp"

#include <string>
#include <string_view>

namespace spoa::config {

// `host:port` or `[v6]:port`. A message about a missing port shows `usual_port`.
[[nodiscard]] Parsed<Endpoint> parse_peer(std::string_view text, std::string_view usual_port);

// The same, or `unix:/path`.
[[nodiscard]] Parsed<SocketAddress> parse_listener(
    std::string_view text, std::string_view usual_port);

// A host alone: an IP address without brackets, or a name.
[[nodiscard]] Parsed<std::string> parse_host(std::string_view text);

// With the host in lower case: two names that differ in case alone are one host.
Endpoint folded(const Endpoint& endpoint);

// Whether only this machine can reach it. A name other than `localhost` counts as reachable.
bool is_local(const SocketAddress& address);

}  // namespace spoa::config
