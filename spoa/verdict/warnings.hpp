#pragma once

#include "verdict/watch.hpp"

#include <span>
#include <string>
#include <vector>

namespace spoa::verdict {

// What an operator should mend although the verdict may be fine, a sentence each: Sentinels that
// know more or fewer peers than are configured, one Sentinel listed twice, an announced address
// that no server has, a failover that could not be authorized, several nodes that say master.
// `sentinels` are the configured addresses, in the order of the ballots.
std::vector<std::string> warnings_of(
    const Watch& watch, std::span<const std::string> sentinels, TimePoint now);

// The replicas that a Sentinel may promote and no entry of `servers:` maps: once one is master,
// nothing is named.
std::vector<Endpoint> unmapped_replicas(const Watch& watch);

// How many nodes say at this moment that they are master; more than one is a split brain, or a
// failover under way.
std::size_t nodes_claiming_master(std::span<const Probe> probes, TimePoint now);

// How many bytes of replication a node is behind the master in force; 0 for the master itself and
// where either has not answered.
std::uint64_t lag_of(const Watch& watch, const Probe& probe);

// What would have to happen for the state to change, for people.
std::string_view way_out(const Verdict& verdict);

}  // namespace spoa::verdict
