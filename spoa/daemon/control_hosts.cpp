// Nodes that have host names: a node is what `servers:` calls it, whatever its address is now and
// however a Sentinel announces it.
#include "base/peer_text.hpp"
#include "daemon/control.hpp"
#include "telemetry/log.hpp"

#include <algorithm>
#include <utility>

namespace spoa::daemon {
namespace {

using Clock = std::chrono::steady_clock;

bool is_host(const Endpoint& endpoint, const std::string& host)
{
    return endpoint.host.size() == host.size() && folded(endpoint.host) == host;
}

}  // namespace

// The configured address of the node that was announced under another name or by its IP address;
// one that is not configured by its IP address, if that is known.
Endpoint Control::node_of(std::size_t place, const Endpoint& announced)
{
    const auto& servers = names_.at(place).watch.subject().servers;
    for (const auto& server : servers)
        if (server.address.port == announced.port &&
            (server.address.host == announced.host ||
             is_host(server.address, folded(announced.host))))
            return server.address;
    const auto addresses = hosts_.addresses(announced.host);
    for (const auto& server : servers)
        if (server.address.port == announced.port)
            for (const auto& own : hosts_.addresses(server.address.host))
                if (std::ranges::count(addresses, own) > 0)
                    return server.address;
    return hosts_.canonical(announced);
}

// Whether it is too early to tell which node was announced: a moment later the names are known.
bool Control::awaits_look_up(std::size_t place, const std::optional<Endpoint>& announced)
{
    const auto& servers = names_.at(place).watch.subject().servers;
    if (announced && !hosts_.is_settled(announced->host))
        return true;
    return !hosts_.all_settled() &&
           std::ranges::any_of(servers, [this](const config::Server& server) {
               return !hosts_.is_settled(server.address.host);
           });
}

// What it knows is there, or was.
void Control::note_announced(std::size_t place, const sentinel::Vote& vote)
{
    for (auto& node : peers_[place].nodes)
        node.announced =
            node.announced || vote.address == node.address ||
            std::ranges::count(vote.promotable, node.address) > 0 ||
            std::ranges::count(vote.unseen, node.address, &sentinel::UnseenReplica::address) > 0;
}

// Whether the node never was there, as those are that a set may still grow to: its name never had
// an address, and no Sentinel knows it.
bool Control::is_absent(std::size_t place, std::size_t node)
{
    const auto& report = peers_[place].nodes[node];
    return !report.announced && hosts_.addresses(report.address.host).empty();
}

// One of them may just have got another address.
void Control::look_up_servers(std::size_t place)
{
    for (const auto& server : names_.at(place).watch.subject().servers)
        hosts_.refresh(server.address.host);
}

haproxy_api::Places Control::places_of(std::size_t place)
{
    const auto& connects = peers_[place].connect;
    haproxy_api::Places places;
    const auto allow = [&](haproxy_api::Place& where, const Endpoint& target) {
        auto hosts = hosts_.addresses(target.host);
        if (hosts.empty() && !where.any_port)
            where.open_ports.push_back(target.port);
        for (auto& host : hosts)
            where.addresses.push_back({std::move(host), target.port});
        where.moves = where.moves || ip_version(target.host) == IpVersion::none;
    };
    for (const auto& server : names_.at(place).watch.subject().servers) {
        auto& where = places[server.name];
        for (const auto& connect : connects)
            if (connect.name == server.name)
                allow(where, connect.address);
        if (std::ranges::count(connects, server.name, &config::Server::name) > 0)
            continue;
        where.any_port = true;
        for (const auto& [announced, reachable] : reachable_)
            if (announced == server.address)
                allow(where, reachable);
        allow(where, server.address);
    }
    return places;
}

void Control::connect_anew(std::size_t place, const std::string& host)
{
    auto& name = peers_[place];
    for (std::size_t node = 0; node < name.links.size(); ++node) {
        auto& link = name.links[node];
        if (!is_host(link->link.settings().reachable, host))
            continue;
        retire(link);
        name.moved.insert(name.nodes[node].server);
        // As if it had hung up: whoever is at the other address has to say who it is.
        if (const auto* const known = verdict::find_probe(
                names_.at(place).watch.probes(), link->link.settings().address)) {
            auto gone = *known;
            gone.refused = true;
            gone.silent_since = gone.silent_since.value_or(Clock::now());
            perform(names_.on_probe(place, std::move(gone), Clock::now()));
        }
        link = std::make_shared<Node>(
            Node{link->tls, {executor_, place, node, link->link.settings(), *this}});
        if (tasks_)
            launch(*link);
    }
}

// Whether the process at the node's other address may be a stranger. It is none that the master in
// force feeds, or that a majority of the Sentinels knows by its run id.
bool Control::is_elsewhere(std::size_t place, std::size_t node, const verdict::Probe& probe)
{
    auto& moved = peers_[place].moved;
    const auto& server = peers_[place].nodes[node].server;
    const auto& standing = names_.at(place).watch.standing();
    const bool answers = !probe.silent_since && probe.answered_at;
    const bool is_fed = probe.role == verdict::Role::replica && probe.follows &&
                        probe.follows == standing.current && probe.link == verdict::Link::up;
    const bool is_known = standing.current == probe.address && probe.run_id.is_known() &&
                          probe.run_id == standing.process.named;
    if (answers && (is_fed || is_known))
        moved.erase(server);
    return moved.contains(server);
}

// A node of this name has other addresses than before.
void Control::move_node(
    std::size_t place, const std::string& host, const std::vector<std::string>& before)
{
    connect_anew(place, host);
    const auto now = Clock::now();
    const auto& watch = names_.at(place).watch;
    const auto current = watch.standing().current;
    const bool moves = current && is_host(*current, host);
    // Where the Sentinels announce addresses, the majority named that machine, and not the one
    // that has the name now.
    if (moves && peers_[place].announced_by_address)
        names_.hold_to(place, {before.front(), current->port}, now);
    if (watch.subject().servers.empty())
        names_.forget(place, now);
}

void Control::on_host(const std::string& host, const std::vector<std::string>& before)
{
    const auto now = hosts_.addresses(host);
    if (!before.empty()) {
        std::string was, is;
        for (const auto& address : before)
            was += (was.empty() ? "" : " ") + address;
        for (const auto& address : now)
            is += (is.empty() ? "" : " ") + address;
        telemetry::write_repeating(
            LogLevel::info,
            "host name " + shown_name(host) + ": has another address",
            {{"before", was}, {"now", is}});
    }
    std::vector<std::size_t> concerns;
    for (const auto place : names_.in_order()) {
        auto& peers = peers_[place];
        const auto& servers = names_.at(place).watch.subject().servers;
        const auto has = [&](const config::Server& server) {
            return is_host(server.address, host);
        };
        const bool concerned = std::ranges::any_of(servers, has) ||
                               std::ranges::any_of(peers.connect, has) || servers.empty();
        const bool reached = std::ranges::any_of(
            reachable_, [&](const auto& each) { return is_host(each.second, host); });
        if (concerned || reached) {
            fences_.expect(place, places_of(place));
            if (!before.empty())
                move_node(place, host, before);
            // Nobody is sent there before HAProxy has the new address.
            if (const auto current = names_.at(place).watch.standing().current;
                current && is_host(*current, host))
                names_.retract(place);
            concerns.push_back(place);
        }
        if (concerned || !std::exchange(peers.looked_up, true))
            ask_everyone(place);
    }
    publish(concerns);
    // Not all names: there may be a thousand, each with addresses to come.
    perform(names_.review(concerns, Clock::now()));
}

}  // namespace spoa::daemon
