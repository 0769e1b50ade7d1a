// A promotion that has begun closes the gate in front of the old master, by one Sentinel's word:
// its leader is alone in knowing. So that this word cannot close it for ever, it wears out.
#pragma once

#include "verdict/evidence.hpp"

#include <chrono>
#include <optional>
#include <span>
#include <vector>

namespace spoa::verdict {

// Until the other Sentinels have a leader's hello, of which there is one in two seconds.
inline constexpr std::chrono::milliseconds announcement_limit{5'000};
inline constexpr std::chrono::milliseconds promotion_grace{1'000};  // until a leader's flags show
inline constexpr std::chrono::milliseconds calm_hold{10'000};       // five hello periods

// What is remembered of promotions from one judgement to the next.
struct PromotionWatch {
    // How long one Sentinel has been heard claiming, by its event or its flags, that it promotes
    // another node, since it last named the master in force with no failover under way. Flags
    // count for as long as they can be heard.
    struct Claim {
        std::chrono::nanoseconds lasted{0};
        std::optional<TimePoint> counted_until;

        bool operator==(const Claim&) const = default;
    };
    std::vector<Claim> claims;  // by place of the ballot
    // Since when all Sentinels have been heard, name the master in force, and neither see it as
    // down nor have a failover under way, but for words that are worn out.
    std::optional<TimePoint> calm_since;

    bool operator==(const PromotionWatch&) const = default;
};

// Brings `watch` up to date with the votes.
void watch_promotions(
    PromotionWatch& watch, const Evidence& evidence, std::span<const Vote> votes,
    const Endpoint& current, TimePoint now);

// How a promotion stands in the way of the master in force.
enum class PromotionDoubt {
    none,
    under_way,
    two_masters,  // both nodes have said master for twice the failover-timeout
};
PromotionDoubt promotion_doubt(
    const PromotionWatch& watch, const Evidence& evidence, std::span<const Vote> votes,
    const Endpoint& current, TimePoint now);

}  // namespace spoa::verdict
