// A promotion that has begun closes the gate in front of the old master, by one Sentinel's word:
// its leader is alone in knowing. So that this word cannot close it for ever, it wears out; and as
// long as nothing else bears it out, it closes no more than `lone_budget` until the Sentinel has
// claimed nothing for a minute.
//
//   what bears it out      another Sentinel that sees the master as down, promotes another node
//   too,
//                          or names one at a newer epoch; the candidate, once it says that it is
//                          master and did not when the claim began; being the only Sentinel
//   what gives all back    a minute without a claim; a majority that puts the candidate in force
#pragma once

#include "verdict/evidence.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace spoa::verdict {

// Until the other Sentinels have a leader's hello, of which there is one in two seconds.
inline constexpr std::chrono::milliseconds announcement_limit{5'000};
inline constexpr std::chrono::milliseconds promotion_grace{1'000};  // until a leader's flags show
inline constexpr std::chrono::milliseconds calm_hold{10'000};       // five hello periods

// A leader asks its candidate once a second, and then all name that: 1.1 s, with a margin.
inline constexpr std::chrono::milliseconds lone_budget{1'800};
inline constexpr std::chrono::milliseconds least_cost{450};  // of a claim, however short
inline constexpr std::chrono::minutes lone_renewal{1};

// The master in force, as far as promotions are held against it.
struct Reign {
    const Endpoint& master;
    std::uint64_t high_water = 0;
    std::optional<TimePoint> heard_first_at{};  // a majority, since the start
};

// What is remembered of promotions from one judgement to the next.
struct PromotionWatch {
    // One Sentinel's claim, by its event, its flags or its vote, that it promotes another node.
    struct Claim {
        // How long it has been heard claiming since it last named the master in force with no
        // failover under way. Flags count for as long as they can be heard.
        std::chrono::nanoseconds lasted{0};
        std::optional<TimePoint> counted_until;

        // What its word alone has cost, and what this claim has; counted until `alone_since`.
        std::chrono::nanoseconds spent{0};
        std::chrono::nanoseconds cost{0};
        std::optional<TimePoint> alone_since;
        std::optional<TimePoint> claimed_at;  // last
        bool claims = false;
        std::vector<Endpoint> masters;  // other nodes that said master when the claim began

        bool operator==(const Claim&) const = default;
    };
    std::vector<Claim> claims;  // by place of the ballot
    // Since when all Sentinels have been heard, name the master in force, and neither see it as
    // down nor have a failover under way, but for words that are worn out.
    std::optional<TimePoint> calm_since;

    // The votes were dropped. What was spent stays so.
    void forget();

    bool operator==(const PromotionWatch&) const = default;
};

// The vote that tells a new listener of a promotion whose events it missed: the leader alone names
// the new master, at a higher epoch, until the others have its hello (sentinel.c,
// sentinelGetCurrentMasterAddress).
const Vote* announced_before(const Reign& reign, std::span<const Vote> votes, TimePoint now);

// Brings `watch` up to date with the votes.
void watch_promotions(
    PromotionWatch& watch, const Evidence& evidence, std::span<const Vote> votes,
    const Reign& reign, TimePoint now);

// `master` is put in force: whoever announced it was right, and is believed as at first.
void bear_out(
    PromotionWatch& watch, const Evidence& evidence, const Endpoint& master, TimePoint now);

// Whether the Sentinel has used up what its word alone may close.
bool is_spent(const PromotionWatch& watch, std::size_t place, TimePoint now);

// When the next of those that close by their word alone has.
std::optional<TimePoint> next_spent(const PromotionWatch& watch, TimePoint now);

// How a promotion stands in the way of the master in force.
enum class PromotionDoubt {
    none,
    under_way,
    announced,    // a vote tells of one whose events went out before the agent listened
    two_masters,  // both nodes have said master for twice the failover-timeout
};
PromotionDoubt promotion_doubt(
    const PromotionWatch& watch, const Evidence& evidence, std::span<const Vote> votes,
    const Reign& reign, TimePoint now);

// Whether nothing is left of what the Sentinel published, whoever believes it.
bool is_over(
    const PromotionWatch& watch, const Evidence& evidence, std::span<const Vote> votes,
    const Reign& reign, const Promotion& promotion, TimePoint now);

}  // namespace spoa::verdict
