#include "base/endpoint.hpp"

#include "base/peer_text.hpp"

#include <boost/system/errc.hpp>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace spoa {
namespace {

error_code invalid()
{
    return make_error_code(boost::system::errc::invalid_argument);
}

// inet_pton wants a terminated string; no IP address is longer than this.
struct IpText {
    std::array<char, INET6_ADDRSTRLEN + 1> text{};

    explicit IpText(std::string_view host) noexcept
    {
        if (host.size() < text.size())
            std::ranges::copy(host, text.begin());
    }
};

std::string canonical(std::string_view host)
{
    std::array<char, INET6_ADDRSTRLEN + 1> out{};
    in6_addr v6{};
    if (inet_pton(AF_INET6, IpText(host).text.data(), &v6) == 1)
        return inet_ntop(AF_INET6, &v6, out.data(), out.size());
    return std::string(host);  // inet_pton accepts IPv4 in one form only
}

std::string text_of(const std::string& host, std::uint16_t port)
{
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

}  // namespace

IpVersion ip_version(std::string_view host) noexcept
{
    in_addr v4{};
    in6_addr v6{};
    if (host.find('\0') != std::string_view::npos)
        return IpVersion::none;  // inet_pton would stop there
    const IpText ip(host);
    if (inet_pton(AF_INET, ip.text.data(), &v4) == 1)
        return IpVersion::v4;
    if (inet_pton(AF_INET6, ip.text.data(), &v6) == 1)
        return IpVersion::v6;
    return IpVersion::none;
}

bool is_host(std::string_view host) noexcept
{
    constexpr std::size_t longest_name = 253;
    constexpr std::string_view name_characters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";
    if (ip_version(host) != IpVersion::none)
        return true;
    return !host.empty() && host.size() <= longest_name &&
           host.find_first_not_of(name_characters) == std::string_view::npos &&
           // 10.0.0.256 would be looked up as a name, and never found.
           host.find_first_not_of("0123456789.") != std::string_view::npos;
}

result<Endpoint> make_endpoint(std::string_view host, std::string_view port)
{
    std::uint16_t number = 0;
    const auto* const end = port.data() + port.size();
    const auto [parsed, error] = std::from_chars(port.data(), end, number);
    if (error != std::errc() || parsed != end || number == 0)
        return invalid();
    if (!is_host(host))
        return invalid();
    return Endpoint{canonical(host), number};
}

result<Endpoint> parse_endpoint(std::string_view text)
{
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos)
        return invalid();
    auto host = text.substr(0, colon);
    const auto port = text.substr(colon + 1);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
        if (ip_version(host) != IpVersion::v6)
            return invalid();
    } else if (host.find(':') != std::string_view::npos) {
        return invalid();  // IPv6 without brackets: where the port starts is a guess
    }
    return make_endpoint(host, port);
}

std::string exact_text(const Endpoint& endpoint)
{
    return text_of(endpoint.host, endpoint.port);
}

std::string to_string(const Endpoint& endpoint)
{
    return text_of(shown_name(endpoint.host), endpoint.port);
}

result<SocketAddress> parse_socket_address(std::string_view text)
{
    constexpr std::string_view prefix = "unix:";
    constexpr std::size_t longest_path = 107;  // sun_path less its terminator
    if (text.starts_with(prefix)) {
        const auto path = text.substr(prefix.size());
        if (!path.starts_with('/') || path.size() > longest_path)
            return invalid();
        return SocketAddress{{}, std::string(path)};
    }
    auto tcp = parse_endpoint(text);
    if (!tcp)
        return tcp.error();
    return SocketAddress{*std::move(tcp), {}};
}

std::string to_string(const SocketAddress& address)
{
    return address.unix_path.empty() ? exact_text(address.tcp) : "unix:" + address.unix_path;
}

std::string folded(std::string_view name)
{
    std::string out(name);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    return out;
}

}  // namespace spoa
