#include "twemproxy/server_entry.hpp"

#include <algorithm>

namespace spoa::twemproxy {
namespace {

bool is_number(std::string_view text)
{
    return !text.empty() && text.size() <= 9 &&
           std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<Endpoint> endpoint_in(std::string_view address)
{
    const auto colon = address.rfind(':');
    if (colon == std::string_view::npos)
        return std::nullopt;
    auto host = address.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    const auto endpoint = make_endpoint(host, address.substr(colon + 1));
    return endpoint ? std::optional(*endpoint) : std::nullopt;
}

}  // namespace

std::optional<ServerEntry> parse_server_entry(std::string_view text)
{
    ServerEntry out;
    if (const auto blank = text.rfind(' '); blank != std::string_view::npos) {
        out.name = text.substr(blank + 1);
        if (out.name.empty())
            return std::nullopt;
        text = text.substr(0, blank);
    }
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos || !is_number(text.substr(colon + 1)))
        return std::nullopt;
    out.weight = text.substr(colon + 1);
    out.address = text.substr(0, colon);
    if (out.address.empty() || out.address.find_first_of(" \t\r\n") != std::string::npos)
        return std::nullopt;
    if (out.address.front() != '/') {
        const auto port = out.address.rfind(':');
        if (port == std::string::npos || port == 0 || !is_number(out.address.substr(port + 1)))
            return std::nullopt;
    }
    return out;
}

std::string entry_address(const Endpoint& endpoint)
{
    return endpoint.host + ':' + std::to_string(endpoint.port);
}

bool names_address(const ServerEntry& entry, const Endpoint& endpoint)
{
    return entry.address == entry_address(endpoint) || endpoint_in(entry.address) == endpoint;
}

}  // namespace spoa::twemproxy
