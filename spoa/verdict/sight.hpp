// How many Sentinels do not see a replica. What only some of them miss is their trouble; what a
// majority of the configured ones misses is the replica's, even if the agent reaches it.
#pragma once

#include "sentinel/vote.hpp"

#include <cstddef>
#include <span>

namespace spoa::verdict {

struct Sight {
    std::size_t s_down = 0;    // Sentinels that say so
    std::size_t unseen = 0;    // these, and those that only have no connection to it
    std::size_t majority = 1;  // so many of all that are configured
    std::size_t sentinels = 0;

    bool is_s_down() const { return s_down >= majority; }
    bool is_unseen() const { return unseen >= majority; }
};

// By these votes, of `sentinels` that are configured. Votes must be valid ones, one a Sentinel;
// one that is silent or in TILT says nothing.
Sight sight_of(
    const Endpoint& replica, std::span<const sentinel::Vote> votes, std::size_t sentinels);

}  // namespace spoa::verdict
