#include "verdict/evidence.hpp"

#include <algorithm>
#include <utility>

namespace spoa::verdict {

void hear_role(Probe& probe, node::RoleReply role, TimePoint asked_at)
{
    probe.role = role.role;
    probe.offset = role.offset;
    probe.follows = std::move(role.follows);
    probe.link = role.link;
    probe.replicas = std::move(role.replicas);
    probe.answered_at = asked_at;
    probe.silent_since.reset();
    probe.refused = false;
}

void hear_info(Probe& probe, const node::Info& info, TimePoint asked_at)
{
    probe.loading = info.loading;
    probe.announced = info.announced;
    probe.priority = info.priority;
    probe.run_id = RunId(info.run_id.raw());
    probe.syncing_replicas = info.syncing_replicas;
    probe.least_lag = info.least_lag;
    probe.informed_at = asked_at;
}

const Probe* find_probe(std::span<const Probe> probes, const Endpoint& address)
{
    const auto found = std::ranges::find(probes, address, &Probe::address);
    return found == probes.end() ? nullptr : &*found;
}

bool is_fresh(const Probe& probe, TimePoint now)
{
    return probe.answered_at && now - *probe.answered_at <= probe_ttl;
}

bool says(const Probe* probe, Role role, TimePoint now)
{
    return probe && is_fresh(*probe, now) && probe->role == role;
}

bool flags_count(const Vote& vote, const Endpoint& address)
{
    return vote.address == address && !vote.in_tilt;
}

}  // namespace spoa::verdict
