// Addresses as people write them: `10.0.0.1:6379`, `[2001:db8::1]:6379`, `redis-1:6379`,
// and for listeners also `unix:/run/agent.sock`.
#pragma once

#include "base/result.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace spoa {

// A host (IPv4, IPv6 without brackets, or a name) and a port. IP addresses are kept in their
// canonical text, so that equal addresses compare equal however they were written.
struct Endpoint {
    std::string host;
    std::uint16_t port = 0;

    auto operator<=>(const Endpoint&) const = default;
};

// Whether `host` is an IP address, or a name of letters, digits, '-', '.' and '_'.
bool is_host(std::string_view host) noexcept;

// Makes an Endpoint of a host and port given apart, as Sentinel answers them. Port 0 and what is no
// host are errors.
[[nodiscard]] result<Endpoint> make_endpoint(std::string_view host, std::string_view port);

// Takes `host:port` or `[v6]:port`.
[[nodiscard]] result<Endpoint> parse_endpoint(std::string_view text);

// `host:port`, IPv6 in brackets, for people: a host that only a peer has named is shown as
// base/peer_text.hpp says.
std::string to_string(const Endpoint& endpoint);

// The same with the host as it is, for programs: the inverse of parse_endpoint.
std::string exact_text(const Endpoint& endpoint);

// Where to listen or connect: TCP, or a UNIX socket when `unix_path` is not empty.
struct SocketAddress {
    Endpoint tcp;
    std::string unix_path;

    auto operator<=>(const SocketAddress&) const = default;
};

// Takes what parse_endpoint takes, and `unix:/path`.
[[nodiscard]] result<SocketAddress> parse_socket_address(std::string_view text);
std::string to_string(const SocketAddress& address);  // of the configuration, or a command line

enum class IpVersion { none, v4, v6 };

// Whether `host` is an IP address, and of which kind; a name is none.
IpVersion ip_version(std::string_view host) noexcept;

// A host, or another name, in lower case (ASCII): those that differ in case alone are one.
std::string folded(std::string_view name);

}  // namespace spoa
