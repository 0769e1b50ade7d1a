#include "config/address.hpp"

#include "config/quoted.hpp"

#include <charconv>
#include <cstdint>
#include <string>

namespace spoa::config {
namespace {

bool is_port(std::string_view port)
{
    std::uint16_t number = 0;
    const auto* const end = port.data() + port.size();
    const auto [parsed, error] = std::from_chars(port.data(), end, number);
    return error == std::errc() && parsed == end && number > 0;
}

std::string without_port(std::string_view text, std::string_view host, std::string_view usual_port)
{
    // Not the host again where in_quotes has left something out, or something cannot be printed.
    const bool plain = in_quotes(text) == '\'' + std::string(text) + '\'';
    return in_quotes(text) + " has no port; write " + (plain ? std::string(host) : "HOST") + ':' +
           std::string(usual_port);
}

// What an IPv6 address without brackets should be, in quotes; empty when the text is none. Of
// `fd00:1::1:6379`, which is one as a whole, the last group is rather meant as the port.
std::string with_brackets(std::string_view text, std::string_view usual_port)
{
    const auto written = [](std::string_view host, std::string_view port) {
        return "\"[" + std::string(host) + "]:" + std::string(port) + '"';
    };
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos)
        return {};
    const auto host = text.substr(0, colon);
    const auto port = text.substr(colon + 1);
    if (ip_version(host) == IpVersion::v6 && is_port(port) && port.size() >= 4)
        return written(host, port);
    return ip_version(text) == IpVersion::v6 ? written(text, usual_port) : std::string();
}

// Whether it begins as `fe80::1%eth0` does, with a bracket or without.
bool has_zone(std::string_view text)
{
    const auto zone = text.find('%');
    const auto begin = text.starts_with('[') ? 1U : 0U;
    return zone != std::string_view::npos && zone > begin &&
           ip_version(text.substr(begin, zone - begin)) == IpVersion::v6;
}

// What is wrong with a text that is no host:port.
std::string complaint(std::string_view text, std::string_view usual_port)
{
    if (text.empty())
        return "the address is empty; write host:port";
    // Not shown: such a text may be a URL with a password in it.
    if (text.find_first_of("@/") != std::string_view::npos)
        return "write host:port alone, without scheme, user or path";
    if (has_zone(text))
        return in_quotes(text) + " has a zone (%), which is not taken; write an address without";
    if (const auto written = with_brackets(text, usual_port); !written.empty())
        return in_quotes(text) + " is an IPv6 address without brackets; write " + written +
               ", with the quotes";
    if (text.starts_with('[') && text.ends_with(']'))
        return without_port(text, text, usual_port);

    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos)
        return is_host(text) ? without_port(text, text, usual_port)
                             : in_quotes(text) + " is not an address; write host:port";

    const auto host = text.substr(0, colon);
    if (host.empty())
        return in_quotes(text) + " has no host; 0.0.0.0 and [::] are all addresses of this machine";
    if (host.find(':') != std::string_view::npos && !host.starts_with('['))
        return in_quotes(text) + " has too many colons; an IPv6 address goes in brackets, and in " +
               "YAML in quotes: \"[2001:db8::1]:" + std::string(usual_port) + '"';
    if (!is_port(text.substr(colon + 1)))
        return in_quotes(text) + " has no valid port; a port is 1-65535";
    return in_quotes(text) + " has no valid host; write an IP address or a host name";
}

}  // namespace

Parsed<Endpoint> parse_peer(std::string_view text, std::string_view usual_port)
{
    auto endpoint = parse_endpoint(text);
    if (!endpoint)
        return Problem{complaint(text, usual_port)};
    return *std::move(endpoint);
}

Parsed<SocketAddress> parse_listener(std::string_view text, std::string_view usual_port)
{
    if (text.starts_with('/'))
        return Problem{in_quotes(text) + " is a path; write unix:" + std::string(text)};
    if (text.starts_with("unix:")) {
        auto address = parse_socket_address(text);
        if (address)
            return *std::move(address);
        return Problem{
            in_quotes(text) +
            " is not a UNIX socket; write unix:/path, the path absolute and at most 107 bytes"};
    }
    auto tcp = parse_peer(text, usual_port);
    if (!tcp)
        return tcp.error();
    return SocketAddress{*std::move(tcp), {}};
}

Parsed<std::string> parse_host(std::string_view text)
{
    if (is_host(text))
        return {boost::system::in_place_value, text};
    const auto colon = text.rfind(':');
    if (colon != std::string_view::npos && is_host(text.substr(0, colon)) &&
        is_port(text.substr(colon + 1)))
        return Problem{in_quotes(text) + " has a port; write the host alone"};
    return Problem{
        in_quotes(text) + " is no host; write a name, or an IP address without brackets"};
}

Endpoint folded(const Endpoint& endpoint)
{
    return {spoa::folded(endpoint.host), endpoint.port};
}

bool is_local(const SocketAddress& address)
{
    const auto host = folded(address.tcp).host;
    if (!address.unix_path.empty() || host == "::1" || host == "localhost")
        return true;
    if (ip_version(host) == IpVersion::v4)
        return host.starts_with("127.");
    return ip_version(host) == IpVersion::v6 && host.starts_with("::ffff:127.");
}

}  // namespace spoa::config
