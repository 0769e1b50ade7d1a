#include "haproxy_api/placement.hpp"

#include <algorithm>

namespace spoa::haproxy_api {
namespace {

bool has(const Place& place, const Endpoint& address)
{
    return std::ranges::count(place.addresses, address) > 0;
}

// The server of the name that has this address; empty when none has.
std::string_view owner_of(const Endpoint& address, const Places& places)
{
    const auto found = std::ranges::find_if(
        places, [&](const Places::value_type& each) { return has(each.second, address); });
    return found == places.end() ? std::string_view() : found->first;
}

std::string addresses_of(const Place& place)
{
    std::string out;
    for (const auto& address : place.addresses)
        out += (out.empty() ? "" : " or ") + to_string(address);
    return out;
}

}  // namespace

Placement placement_of(const ServerSeen& server, const Places& places)
{
    const auto known = places.find(server.name);
    if (known == places.end() || !server.address)
        return Placement::unknown;
    const auto& [name, place] = *known;
    if (has(place, *server.address))
        return Placement::right;
    if (!owner_of(*server.address, places).empty())
        return Placement::elsewhere;
    if (place.addresses.empty() || std::ranges::count(place.open_ports, server.address->port) > 0)
        return Placement::unknown;
    const bool right_host = std::ranges::any_of(
        place.addresses, [&](const Endpoint& own) { return own.host == server.address->host; });
    return right_host && place.any_port ? Placement::other_port : Placement::elsewhere;
}

std::optional<Endpoint> move_of(const ServerSeen& server, const Places& places)
{
    const auto known = places.find(server.name);
    if (known == places.end() || !known->second.moves || known->second.addresses.empty())
        return std::nullopt;
    if (placement_of(server, places) != Placement::elsewhere)
        return std::nullopt;
    const auto& addresses = known->second.addresses;
    if (known->second.any_port)
        return addresses.front();
    // With `connect:` the nutcracker in front of a node is one of them: it has another port.
    const auto own = std::ranges::find(addresses, server.address->port, &Endpoint::port);
    return own == addresses.end() ? std::nullopt : std::optional(*own);
}

std::string complaint_about(const ServerSeen& server, const Places& places)
{
    const auto placement = placement_of(server, places);
    if (placement == Placement::unknown || placement == Placement::right)
        return {};
    const auto& place = places.find(server.name)->second;
    const auto is_at = "connects to " + to_string(*server.address);
    if (placement == Placement::other_port)
        return is_at + ", and `servers:` has " + addresses_of(place) +
               ": when nutcracker stands there, say so with `connect:` (docs/configuration.md); "
               "else correct haproxy.cfg";
    const auto owner = owner_of(*server.address, places);
    return is_at + (owner.empty() ? "" : ", which is " + std::string(owner)) + ", and not to " +
           (place.addresses.empty() ? "its own host" : addresses_of(place)) +
           ": correct haproxy.cfg or `servers:`, or say with `connect:` where HAProxy connects to";
}

}  // namespace spoa::haproxy_api
