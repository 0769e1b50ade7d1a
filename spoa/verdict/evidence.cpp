#include "verdict/evidence.hpp"

#include <algorithm>

namespace spoa::verdict {

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
