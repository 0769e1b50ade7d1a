#include "verdict/promotion.hpp"

#include <algorithm>
#include <vector>

namespace spoa::verdict {
namespace {

using std::chrono::milliseconds;

// Sentinel's own default, where no vote has told.
constexpr milliseconds default_failover_timeout{180'000};

// As most of the Sentinels have it: one alone must not be able to stretch it.
milliseconds failover_timeout(std::span<const Vote> votes)
{
    std::vector<milliseconds> timeouts;
    for (const auto& vote : votes)
        if (vote.failover_timeout.count() > 0)
            timeouts.push_back(vote.failover_timeout);
    if (timeouts.empty())
        return default_failover_timeout;
    const auto middle = timeouts.begin() + static_cast<std::ptrdiff_t>(timeouts.size() / 2);
    std::ranges::nth_element(timeouts, middle);
    return *middle;
}

}  // namespace

PromotionDoubt promotion_doubt(
    const Evidence& evidence, std::span<const Vote> votes, const Endpoint& current, TimePoint now)
{
    const bool flagged = std::ranges::any_of(votes, [&](const Vote& vote) {
        return flags_count(vote, current) && vote.flags.promoting;
    });
    if (flagged)
        return PromotionDoubt::under_way;
    if (!evidence.promotion || evidence.promotion->master != current)
        return PromotionDoubt::none;

    const auto& promotion = *evidence.promotion;
    const auto lasted = now - promotion.heard_at;
    if (lasted < promotion_grace)
        return PromotionDoubt::under_way;
    const auto limit = failover_timeout(votes);
    const auto* const candidate =
        promotion.candidate ? find_probe(evidence.probes, *promotion.candidate) : nullptr;
    const auto* const master = find_probe(evidence.probes, current);
    if (says(candidate, Role::master, now)) {
        // Reopening the old one would feed a second master.
        if (lasted < 2 * limit)
            return PromotionDoubt::under_way;
        return says(master, Role::master, now) ? PromotionDoubt::two_masters
                                               : PromotionDoubt::under_way;
    }
    if (says(candidate, Role::replica, now) && says(master, Role::master, now))
        return PromotionDoubt::none;  // it came to nothing

    // Without the nodes' own word: the leader's. Its flags vanish without an event when it dies.
    const auto& ballot = evidence.ballots[promotion.sentinel];
    const auto leader = std::ranges::find_if(votes, [&](const Vote& vote) {
        return ballot && (vote == *ballot ||
                          (!vote.sentinel_id.empty() && vote.sentinel_id == ballot->sentinel_id));
    });
    if (leader != votes.end() && leader->address == current && !leader->flags.failover_in_progress)
        return PromotionDoubt::none;
    return lasted < limit ? PromotionDoubt::under_way : PromotionDoubt::none;
}

}  // namespace spoa::verdict
