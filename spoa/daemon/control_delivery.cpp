// What HAProxy makes of the verdicts: whether its servers lead where they should, and whether it is
// ready for them.
#include "daemon/change_log.hpp"
#include "daemon/control.hpp"

#include <algorithm>
#include <utility>

namespace spoa::daemon {

// Whether the name's master is given to nobody yet: it is new or open again, and a HAProxy is not
// ready for it. Whoever waits would be let go only to be refused there.
bool Control::hold_back(std::size_t place, verdict::TimePoint now)
{
    auto& name = names_[place];
    const auto& verdict = name.watch.verdict();
    if (!verdict.open || verdict.server.empty()) {
        name.released.clear();
        name.held_since.reset();
        return false;
    }
    if (name.released == verdict.server)
        return false;
    name.released.clear();
    if (!name.held_since)
        name.held_since = now;
    if (fences_.readiness(place, verdict.server) == haproxy_api::Readiness::not_yet &&
        now - *name.held_since < release_limit)
        return true;
    name.released = verdict.server;
    name.held_since.reset();
    return false;
}

void Control::on_haproxy(std::size_t place)
{
    auto& name = names_[place];
    if (!name.in_use)
        return;
    const bool news =
        name.watch.set_misplaced(fences_.misplaced(place, false), fences_.misplaced(place, true));
    if (news || name.held_back)
        review(place, 1);
    if (look_at_delivery(place))
        events_.changed(place, true);
}

// True when the name has become undeliverable, or is so no more.
bool Control::look_at_delivery(std::size_t place)
{
    auto& name = names_[place];
    auto now = fences_.delivery(place, name.watch.verdict());
    if (now == name.delivery)
        return false;
    const auto before = std::exchange(name.delivery, std::move(now));
    log_delivery(name.watch.subject().name, before, name.delivery);
    metrics_.names().set_undeliverable(place, name.delivery.is_blocked());
    return before.is_blocked() != name.delivery.is_blocked();
}

haproxy_api::Places Control::places_of(std::size_t place)
{
    const auto& name = names_[place];
    haproxy_api::Places places;
    const auto allow = [&](haproxy_api::Place& where, const Endpoint& target) {
        for (auto& host : hosts_.addresses(target.host))
            where.addresses.push_back({std::move(host), target.port});
    };
    for (const auto& server : name.servers) {
        auto& where = places[server.name];
        for (const auto& connect : name.connect)
            if (connect.name == server.name)
                allow(where, connect.address);
        if (std::ranges::count(name.connect, server.name, &config::Server::name) > 0)
            continue;
        where.any_port = true;
        allow(where, server.address);
        for (const auto& [announced, reachable] : reachable_)
            if (announced == server.address)
                allow(where, reachable);
    }
    return places;
}

void Control::on_hosts(bool moved)
{
    for (const auto place : order_) {
        fences_.expect(place, places_of(place));
        names_[place].watch.set_servers(canonical(names_[place].servers));
    }
    if (moved)
        forget_everything("a host name has another address");
}

}  // namespace spoa::daemon
