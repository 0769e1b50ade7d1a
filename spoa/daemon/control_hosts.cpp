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
    return folded(endpoint.host) == host;
}

}  // namespace

// The configured address of the node that was announced under another name or by its IP address;
// one that is not configured by its IP address, if that is known.
Endpoint Control::node_of(std::size_t place, const Endpoint& announced)
{
    const auto& servers = names_[place].watch.subject().servers;
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
    const auto& servers = names_[place].watch.subject().servers;
    if (announced && !hosts_.is_settled(announced->host))
        return true;
    return !hosts_.all_settled() &&
           std::ranges::any_of(servers, [this](const config::Server& server) {
               return !hosts_.is_settled(server.address.host);
           });
}

// One of them may just have got another address.
void Control::look_up_servers(std::size_t place)
{
    for (const auto& server : names_[place].watch.subject().servers)
        hosts_.refresh(server.address.host);
}

haproxy_api::Places Control::places_of(std::size_t place)
{
    const auto& name = names_[place];
    haproxy_api::Places places;
    const auto allow = [&](haproxy_api::Place& where, const Endpoint& target) {
        auto hosts = hosts_.addresses(target.host);
        if (hosts.empty() && !where.any_port)
            where.open_ports.push_back(target.port);
        for (auto& host : hosts)
            where.addresses.push_back({std::move(host), target.port});
        where.moves = where.moves || ip_version(target.host) == IpVersion::none;
    };
    for (const auto& server : name.watch.subject().servers) {
        auto& where = places[server.name];
        for (const auto& connect : name.connect)
            if (connect.name == server.name)
                allow(where, connect.address);
        if (std::ranges::count(name.connect, server.name, &config::Server::name) > 0)
            continue;
        where.any_port = true;
        for (const auto& [announced, reachable] : reachable_)
            if (announced == server.address)
                allow(where, reachable);
        allow(where, server.address);
    }
    return places;
}

// A nutcracker looks names up when it starts, and never again: it is given the IP address. In doubt
// nothing is changed: without a master it would be no better off.
void Control::follow_twemproxies(std::size_t place)
{
    const auto& verdict = names_[place].watch.verdict();
    if (!twemproxies_.empty() && verdict.open && verdict.address)
        twemproxies_.follow(place, hosts_.canonical(*verdict.address));
}

void Control::connect_anew(std::size_t place, const std::string& host)
{
    auto& name = names_[place];
    for (std::size_t node = 0; node < name.links.size(); ++node) {
        auto& link = name.links[node];
        if (!is_host(link->link.settings().reachable, host))
            continue;
        retire(link);
        // What was heard from there says nothing of another machine.
        verdict::Probe unknown;
        unknown.address = link->link.settings().address;
        name.watch.examine(std::move(unknown));
        link = std::make_shared<Node>(
            Node{link->tls, {executor_, place, node, link->link.settings(), *this}});
        if (tasks_)
            launch(*link);
    }
}

// A node of this name has other addresses than before.
void Control::move_node(
    std::size_t place, const std::string& host, const std::vector<std::string>& before)
{
    auto& name = names_[place];
    connect_anew(place, host);
    // Where the Sentinels announce addresses, the majority named that machine, and not the one
    // that has the name now.
    const auto current = name.watch.standing().current;
    if (current && is_host(*current, host) && name.announced_by_address) {
        name.watch.restore(
            {before.front(), current->port}, name.watch.standing().high_water, Clock::now());
        name.watch.forget(Clock::now());
    }
    if (name.watch.subject().servers.empty()) {
        name.watch.forget(Clock::now());
        return;
    }
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
    std::vector<agent::Update> updates;
    std::deque<agent::ReadUpdate> reads;
    std::vector<std::size_t> moved;
    for (const auto place : order_) {
        auto& name = names_[place];
        const auto& servers = name.watch.subject().servers;
        const auto has = [&](const config::Server& server) {
            return is_host(server.address, host);
        };
        const bool concerned = std::ranges::any_of(servers, has) ||
                               std::ranges::any_of(name.connect, has) || servers.empty();
        const bool reached = std::ranges::any_of(
            reachable_, [&](const auto& each) { return is_host(each.second, host); });
        if (concerned || reached) {
            fences_.expect(place, places_of(place));
            if (!before.empty())
                move_node(place, host, before);
            // Nobody is sent there before HAProxy has the new address.
            const auto& current = name.watch.standing().current;
            if (current && is_host(*current, host))
                name.released.clear();
            updates.push_back(update_of(place, reads));
            moved.push_back(place);
        }
        if (concerned || !std::exchange(name.looked_up, true))
            ask_everyone(place);
    }
    if (!updates.empty()) {
        snapshot_ = agent::with_updates(*snapshot_, updates);
        publish_(snapshot_);
        for (const auto place : moved)  // not all: there may be a thousand, each with names to come
            review(place, 1);
    }
}

}  // namespace spoa::daemon
