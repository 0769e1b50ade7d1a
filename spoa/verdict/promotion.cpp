#include "verdict/promotion.hpp"

#include <algorithm>

namespace spoa::verdict {
namespace {

using std::chrono::milliseconds;

// Sentinel's own default, where no vote has told.
constexpr milliseconds default_failover_timeout{180'000};

// As most of the Sentinels have it, but for the one whose word it bounds: that one is asked only
// where it is alone.
milliseconds failover_timeout(std::span<const Vote> votes, const std::optional<Vote>& bounded)
{
    std::vector<milliseconds> timeouts;
    bool left_out = false;
    for (const auto& vote : votes) {
        if (!left_out && vote == bounded)
            left_out = true;
        else if (vote.failover_timeout.count() > 0)
            timeouts.push_back(vote.failover_timeout);
    }
    if (timeouts.empty())
        return bounded && bounded->failover_timeout.count() > 0 ? bounded->failover_timeout
                                                                : default_failover_timeout;
    const auto middle = timeouts.begin() + static_cast<std::ptrdiff_t>(timeouts.size() / 2);
    std::ranges::nth_element(timeouts, middle);
    return *middle;
}

// What the Sentinel of a ballot said last; by another of its addresses, if it is listed twice.
// Nothing when it is not heard.
const Vote* last_word(const std::optional<Vote>& ballot, std::span<const Vote> votes)
{
    const auto found = std::ranges::find_if(votes, [&](const Vote& vote) {
        return ballot && (vote == *ballot ||
                          (!vote.sentinel_id.empty() && vote.sentinel_id == ballot->sentinel_id));
    });
    return found == votes.end() ? nullptr : &*found;
}

bool is_plain(const Vote& vote, const Endpoint& current)
{
    return flags_count(vote, current) && !vote.flags.failover_in_progress && !vote.flags.promoting;
}

bool is_promoting(const Vote& vote, const Endpoint& current)
{
    return flags_count(vote, current) && vote.flags.promoting;
}

// Whether the Sentinel at `place` has claimed for longer than a real promotion can last: each of
// its two states, send_slaveof_noone and wait_promotion, is aborted after the failover-timeout
// (sentinel.c). The grace is for its timer and our polls.
bool is_worn_out(
    const PromotionWatch& watch, const Evidence& evidence, std::span<const Vote> votes,
    std::size_t place)
{
    if (place >= watch.claims.size())
        return false;
    const auto limit = failover_timeout(votes, evidence.ballots[place]);
    return watch.claims[place].lasted >= 2 * limit + promotion_grace;
}

// Whether all Sentinels are heard, name the master in force and are content with it. What one says
// whose word is worn out does not count.
bool is_calm(
    const PromotionWatch& watch, const Evidence& evidence, std::span<const Vote> votes,
    const Endpoint& current)
{
    if (votes.size() != evidence.ballots.size())
        return false;
    for (std::size_t place = 0; place < votes.size(); ++place) {  // as the ballots: all count
        const auto& vote = votes[place];
        if (!flags_count(vote, current) || vote.flags.s_down || vote.flags.o_down)
            return false;
        if (!is_plain(vote, current) && !is_worn_out(watch, evidence, votes, place))
            return false;
    }
    return true;
}

}  // namespace

void watch_promotions(
    PromotionWatch& watch, const Evidence& evidence, std::span<const Vote> votes,
    const Endpoint& current, TimePoint now)
{
    watch.claims.resize(evidence.ballots.size());
    for (std::size_t place = 0; place < evidence.ballots.size(); ++place) {
        const auto& ballot = evidence.ballots[place];
        auto& claim = watch.claims[place];
        const bool told = evidence.promotion && evidence.promotion->sentinel == place &&
                          evidence.promotion->master == current;
        if (!told && !(ballot && ballot->flags.promoting) && claim == PromotionWatch::Claim())
            continue;  // almost always
        const auto* const vote = last_word(ballot, votes);
        const bool since_told =
            !told || (vote && vote->answered_at >= evidence.promotion->heard_at);
        if (vote && is_plain(*vote, current) && since_told) {
            claim = {};
        } else if (told || (vote && is_promoting(*vote, current))) {
            claim.lasted += now - claim.counted_until.value_or(now);
            claim.counted_until = now;
        } else {
            claim.counted_until.reset();
        }
    }
    if (!is_calm(watch, evidence, votes, current))
        watch.calm_since.reset();
    else if (!watch.calm_since)
        watch.calm_since = now;
}

PromotionDoubt promotion_doubt(
    const PromotionWatch& watch, const Evidence& evidence, std::span<const Vote> votes,
    const Endpoint& current, TimePoint now)
{
    for (std::size_t place = 0; place < evidence.ballots.size(); ++place) {
        const auto& ballot = evidence.ballots[place];
        if (!ballot || !is_promoting(*ballot, current))
            continue;
        const auto* const vote = last_word(ballot, votes);
        if (vote && is_promoting(*vote, current) && !is_worn_out(watch, evidence, votes, place))
            return PromotionDoubt::under_way;
    }
    if (!evidence.promotion || evidence.promotion->master != current)
        return PromotionDoubt::none;

    const auto& promotion = *evidence.promotion;
    const auto& leader = evidence.ballots[promotion.sentinel];
    const auto lasted = now - promotion.heard_at;
    const auto limit = failover_timeout(votes, leader);
    const auto* const candidate =
        promotion.candidate ? find_probe(evidence.probes, *promotion.candidate) : nullptr;
    const auto* const master = find_probe(evidence.probes, current);
    if (says(candidate, Role::master, now)) {
        // Reopening the old one would feed a second master.
        if (lasted < 2 * limit)
            return PromotionDoubt::under_way;
        // Unless it is the one that will stay. A Sentinel that knew of the promotion would say so
        // in its hellos, every two seconds, and all would follow its higher epoch. All are here,
        // so none is left to come back with it; and those that agree on a sane master demote any
        // other node that says master after eight seconds (sentinel.c, +convert-to-slave).
        if (watch.calm_since && now - *watch.calm_since >= calm_hold)
            return PromotionDoubt::none;
        return says(master, Role::master, now) ? PromotionDoubt::two_masters
                                               : PromotionDoubt::under_way;
    }
    if (is_worn_out(watch, evidence, votes, promotion.sentinel))
        return PromotionDoubt::none;
    if (lasted < promotion_grace)
        return PromotionDoubt::under_way;
    if (says(candidate, Role::replica, now) && says(master, Role::master, now))
        return PromotionDoubt::none;  // it came to nothing
    // Without the nodes' own word: the leader's. Its flags vanish without an event when it dies.
    if (const auto* const word = last_word(leader, votes);
        word && word->address == current && !word->flags.failover_in_progress)
        return PromotionDoubt::none;
    return lasted < limit ? PromotionDoubt::under_way : PromotionDoubt::none;
}

}  // namespace spoa::verdict
