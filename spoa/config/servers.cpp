#include "config/servers.hpp"

#include "config/quoted.hpp"
#include "config/ranges.hpp"
#include "config/suggest.hpp"
#include "config/value.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace spoa::config {
namespace {

constexpr Range<unsigned> port_range{1, 65'535};

}  // namespace

bool is_server(
    std::string_view name, const std::string& what, Place place, std::span<const Server> servers,
    Report& report)
{
    if (std::ranges::count(servers, name, &Server::name) > 0)
        return true;
    std::vector<std::string_view> names;
    for (const auto& server : servers)
        names.push_back(server.name);
    const auto meant = nearest(name, names);
    report.error(
        place,
        what + ": no server is called " + in_quotes(name) +
            (meant ? "; did you mean " + in_quotes(*meant) + "?" : ""));
    return false;
}

std::vector<Server> read_connect(
    const Section& master, std::span<const Server> servers, Report& report)
{
    std::vector<Server> out;
    const auto connect = master.find("connect");
    if (!connect)
        return out;
    if (connect->node->kind != TreeNode::Kind::mapping) {
        const auto port = read_number(*connect, port_range, report);
        for (const auto& server : servers)
            if (port)
                out.push_back(
                    {server.name, {server.address.host, static_cast<std::uint16_t>(*port)}});
        return out;
    }
    for (const auto& entry : read_ranged_entries(*connect, report)) {
        if (!is_server(entry.key, connect->name, entry.place, servers, report))
            continue;
        const Value named{connect->name + ' ' + in_quotes(entry.key), entry.value.node};
        for (const auto& one : read_one_or_more(named, report))
            if (const auto address = read_peer(one, "6379", report))
                out.push_back({entry.key, *address});
    }
    return out;
}

Endpoint connect_address(const Master& master, const Server& server)
{
    const auto given = std::ranges::find(master.connect, server.name, &Server::name);
    return given == master.connect.end() ? server.address : given->address;
}

}  // namespace spoa::config
