// What HAProxy makes of the verdicts: whether its servers lead where they should, and whether it is
// ready for them.
#include "daemon/change_log.hpp"
#include "daemon/control.hpp"

#include <algorithm>
#include <utility>

namespace spoa::daemon {

// Whether the name's master is given to nobody yet: it is new or open again, and a HAProxy is not
// ready for it, or its host name leads to a process that has yet to prove that it is the one meant.
// Whoever waits would be let go only to be refused there.
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
    const auto& servers = name.watch.subject().servers;
    const auto server = std::ranges::find(servers, verdict.server, &config::Server::name);
    const bool proven = identity_of(place, *server) == verdict::Identity::same;
    if (!proven && (!name.asked_who_at || now - *name.asked_who_at >= who_period)) {
        name.asked_who_at = now;  // a Sentinel that has just moved knows in a moment
        ask_everyone(place);
    }
    const auto readiness = fences_.readiness(place, verdict.server);
    if ((!proven || readiness == haproxy_api::Readiness::not_yet) &&
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
    if (take_misplaced(place) || name.held_back)
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

}  // namespace spoa::daemon
