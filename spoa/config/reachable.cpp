#include "config/reachable.hpp"

#include "config/address.hpp"
#include "config/quoted.hpp"

#include <algorithm>
#include <map>

namespace spoa::config {
namespace {

bool is_asked(const Endpoint& announced, const std::vector<Master>& masters)
{
    return std::ranges::any_of(masters, [&](const Master& master) {
        // Without servers any node may come.
        return master.redis && (master.servers.empty() ||
                                std::ranges::any_of(master.servers, [&](const Server& server) {
                                    return folded(server.address) == folded(announced);
                                }));
    });
}

}  // namespace

std::vector<std::pair<Endpoint, Endpoint>> read_reachable(
    const Section& root, const std::vector<Master>& masters, Report& report)
{
    std::vector<std::pair<Endpoint, Endpoint>> out;
    const auto mapping = root.find("reachable");
    if (!mapping)
        return out;

    std::map<Endpoint, Place> seen;
    for (const auto& entry : read_entries(*mapping, report)) {
        const auto announced = parse_peer(entry.key, "6379");
        if (!announced) {
            report.error(entry.place, mapping->name + ": " + announced.error().text);
            continue;
        }
        const Value named{mapping->name + ' ' + in_quotes(entry.key), entry.value.node};
        const auto target = read_peer(named, "6379", report);
        if (!target)
            continue;
        const auto& [first, is_new] = seen.emplace(folded(*announced), entry.place);
        if (!is_new)
            report.error(
                entry.place,
                mapping->name + ": duplicate address " + to_string(*announced) +
                    ", first on line " + std::to_string(first->second.line));
        else if (!is_asked(*announced, masters))
            report.warning(
                entry.place,
                mapping->name + ": without effect, as " + to_string(*announced) +
                    " is no server of a master with redis");
        out.emplace_back(*announced, *target);
    }
    return out;
}

}  // namespace spoa::config
