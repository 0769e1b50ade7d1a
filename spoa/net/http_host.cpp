#include "net/http_host.hpp"

#include "base/endpoint.hpp"
#include "base/result.hpp"

#include <algorithm>

namespace ip = boost::asio::ip;

namespace spoa::net {
namespace {

// An IPv4 address in the clothes of IPv6 is that IPv4 address.
ip::address plain(const ip::address& address)
{
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        return ip::make_address_v4(ip::v4_mapped, address.to_v6());
    return address;
}

}  // namespace

std::string host_of(std::string_view authority)
{
    if (authority.starts_with('['))
        authority = authority.substr(1, authority.find(']') - 1);
    else if (authority.find(':') == authority.rfind(':'))
        authority = authority.substr(0, authority.find(':'));
    if (authority.ends_with('.'))
        authority.remove_suffix(1);
    return folded(authority);
}

std::string_view authority_in(std::string_view target)
{
    const auto scheme = target.find("://");
    if (target.starts_with('/') || scheme == std::string_view::npos)
        return {};
    target.remove_prefix(scheme + 3);
    return target.substr(0, target.find_first_of("/?#"));
}

bool may_be_asked_as(
    std::string_view authority, const ip::address& asked, std::span<const std::string> names)
{
    const auto host = host_of(authority);
    if (host == "localhost" || std::ranges::count(names, host) > 0)
        return true;
    error_code error;
    const auto address = plain(ip::make_address(host, error));
    return !error && (address.is_loopback() || address == plain(asked));
}

}  // namespace spoa::net
