#pragma once

#include "verdict/evidence.hpp"

#include <chrono>
#include <span>

namespace spoa::verdict {

inline constexpr std::chrono::milliseconds promotion_grace{1'000};  // until a leader's flags show

// How a promotion stands in the way of the master in force.
enum class PromotionDoubt {
    none,
    under_way,
    two_masters,  // both nodes have said master for twice the failover-timeout
};
PromotionDoubt promotion_doubt(
    const Evidence& evidence, std::span<const Vote> votes, const Endpoint& current, TimePoint now);

}  // namespace spoa::verdict
