// Whether a host name leads to the node that the Sentinels speak of, or to a stranger.
#include "base/peer_text.hpp"
#include "daemon/control.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace spoa::daemon {
namespace {

std::string joined(const std::vector<std::string>& addresses)
{
    std::string out;
    for (const auto& address : addresses)
        out += (out.empty() ? "" : " ") + address;
    return out;
}

}  // namespace

// Once it was seen at an address it is believed there: a process that starts anew has another run
// id, and the Sentinels notice seconds later.
verdict::Identity Control::identity_of(std::size_t place, const config::Server& server)
{
    auto& name = names_[place];
    const auto link = std::ranges::find_if(name.links, [&](const auto& each) {
        return each->link.settings().address == server.address;
    });
    if (link == name.links.end())
        return verdict::Identity::same;  // nobody asks it
    const auto& host = (*link)->link.settings().reachable.host;
    if (ip_version(host) != IpVersion::none)
        return verdict::Identity::same;
    const auto here = joined(hosts_.addresses(host));
    auto& proven = name.proven[server.name];
    if (!here.empty() && proven == here)
        return verdict::Identity::same;
    const auto identity = verdict::identity_of(
        server.address,
        verdict::find_probe(name.watch.probes(), server.address),
        name.watch.ballots());
    if (identity == verdict::Identity::same)
        proven = here;
    // One that was known elsewhere has to be known here.
    return identity == verdict::Identity::unknown && !proven.empty() ? verdict::Identity::other
                                                                     : identity;
}

// Whether the process that has just said this run id is not known to be the node.
bool Control::is_strange(std::size_t place, std::size_t node, const std::string& run_id)
{
    auto& watch = names_[place].watch;
    const auto& report = names_[place].nodes[node];
    if (const auto* const known = verdict::find_probe(watch.probes(), report.address)) {
        auto probe = *known;
        probe.run_id = run_id;
        watch.examine(std::move(probe));
    }
    return identity_of(place, {report.server, report.address}) == verdict::Identity::other;
}

// Looks at all nodes, so that one is known before it becomes master. A stranger in the place of the
// master, for longer than it is held back, is told as a server that leads elsewhere.
void Control::look_for_strangers(std::size_t place, verdict::TimePoint now)
{
    auto& name = names_[place];
    std::vector<verdict::Misplaced> strangers;
    bool strange = false;
    for (const auto& server : name.watch.subject().servers) {
        if (identity_of(place, server) != verdict::Identity::other ||
            name.watch.standing().current != server.address)
            continue;
        strange = true;
        const auto since =
            std::max(name.strange_since.value_or(now), name.watch.standing().in_force_since);
        if (now - since >= release_limit)
            strangers.push_back(
                {server.name,
                 "the host name of server " + server.name + " leads to " +
                     joined(hosts_.addresses(server.address.host)) +
                     ", and the Redis there is not the one that the Sentinels know"});
    }
    if (!strange)
        name.strange_since.reset();
    else if (!name.strange_since)
        name.strange_since = now;
    if (strangers == name.strangers)
        return;
    name.strangers = std::move(strangers);
    take_misplaced(place);
}

// What HAProxy leads elsewhere, and what DNS does. True when that is news.
bool Control::take_misplaced(std::size_t place)
{
    auto& name = names_[place];
    auto writes = fences_.misplaced(place, false);
    for (const auto& stranger : name.strangers)
        if (std::ranges::count(writes, stranger.server, &verdict::Misplaced::server) == 0)
            writes.push_back(stranger);
    return name.watch.set_misplaced(std::move(writes), fences_.misplaced(place, true));
}

}  // namespace spoa::daemon
