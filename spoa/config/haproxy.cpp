#include "config/haproxy.hpp"

#include "config/master_name.hpp"
#include "config/masters.hpp"
#include "config/quoted.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

namespace spoa::config {
namespace {

constexpr std::size_t most_backends = 256;

// What HAProxy takes in the name of a proxy. More would let a name hold a second command.
constexpr std::string_view proxy_characters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:";

void read_backend(
    const Entry& entry, bool reads, const std::vector<Master>& masters, Haproxy& out,
    Report& report)
{
    const auto who = "backend " + in_quotes(entry.key);
    if (entry.key.empty() || entry.key.find_first_not_of(proxy_characters) != std::string::npos) {
        report.error(
            entry.place,
            who + ": HAProxy has no such name; letters, digits and . - _ : are allowed");
        return;
    }
    const auto name = read_text({who, entry.value.node}, report);
    if (!name)
        return;
    const auto master = std::ranges::find(masters, *name, &Master::name);
    if (master == masters.end())
        report.error(entry.value.place(), who + ": " + unknown_master(*name, masters));
    else if (master->servers.empty())
        report.error(
            entry.value.place(),
            who + ": master " + name_in_quotes(*name) +
                " has no servers, so nobody knows which is which; list them");
    else if (reads && !master->replicas)
        report.error(
            entry.value.place(),
            who + ": master " + name_in_quotes(*name) +
                " offers no reads from replicas; add replicas to it");
    else if (std::ranges::count(out.backends, entry.key, &Haproxy::Backend::backend) > 0)
        report.error(entry.place, who + ": it is listed under backends already");
    else
        out.backends.push_back({entry.key, *name, reads});
}

// A socket of a HAProxy, which no other key gives too.
std::optional<SocketAddress> read_socket(
    const Value& value, std::map<SocketAddress, Place>& seen, Report& report)
{
    const auto address = read_listener(value, "9999", report);
    if (!address)
        return std::nullopt;
    const auto& [first, is_new] = seen.emplace(*address, value.place());
    if (!is_new)
        report.error(
            value.place(),
            value.name + ": duplicate address " + to_string(*address) + ", first on line " +
                std::to_string(first->second.line));
    return *address;
}

Haproxy read_haproxy(
    const Value& value, std::map<SocketAddress, Place>& seen, const std::vector<Master>& masters,
    Report& report)
{
    const Section section(
        value, {"runtime_api", "master_cli", "backends", "read_backends"}, report);
    Haproxy out;
    if (const auto api =
            section.require("runtime_api", "give its stats socket: unix:/path or host:port"))
        if (const auto address = read_socket(*api, seen, report))
            out.runtime_api = *address;
    if (const auto master = section.find("master_cli"))
        out.master_cli = read_socket(*master, seen, report);
    const auto read_all = [&](const Value& backends, bool reads) {
        const auto entries = read_entries(backends, report);
        if (entries.size() > most_backends)
            report.error(
                backends.place(),
                backends.name + ": more than " + std::to_string(most_backends) + " backends");
        for (const auto& entry : entries)
            read_backend(entry, reads, masters, out, report);
    };
    if (const auto backends = section.require(
            "backends", "say which name each of its backends is for: BACKEND: NAME"))
        read_all(*backends, false);
    if (const auto backends = section.find("read_backends"))
        read_all(*backends, true);
    return out;
}

}  // namespace

std::vector<Haproxy> read_haproxies(
    const Section& root, const std::vector<Master>& masters, Report& report)
{
    std::vector<Haproxy> out;
    const auto list = root.find("haproxy");
    if (!list)
        return out;
    std::map<SocketAddress, Place> seen;
    for (const auto& value : read_list(*list, report))
        out.push_back(read_haproxy(value, seen, masters, report));
    return out;
}

}  // namespace spoa::config
