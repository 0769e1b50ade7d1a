#include "verdict/identity.hpp"

namespace spoa::verdict {

Identity identity_of(
    const Endpoint& node, const Probe* probe, std::span<const std::optional<Vote>> ballots)
{
    auto identity = Identity::unknown;
    if (!probe || probe->run_id.empty())
        return identity;
    for (const auto& ballot : ballots) {
        if (!ballot)
            continue;
        for (const auto& process : ballot->processes) {
            if (process.address != node)
                continue;
            if (process.run_id == probe->run_id)
                return Identity::same;
            identity = Identity::other;
        }
    }
    return identity;
}

}  // namespace spoa::verdict
