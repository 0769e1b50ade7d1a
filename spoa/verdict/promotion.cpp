#include "verdict/promotion.hpp"

#include <algorithm>
#include <utility>

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

// All that a claim is held against.
struct Scene {
    const PromotionWatch& watch;
    const Evidence& evidence;
    std::span<const Vote> votes;
    const Reign& reign;
    TimePoint now;

    const Endpoint& master() const { return reign.master; }
};

// Whether the Sentinel at `place` has claimed for longer than a real promotion can last: each of
// its two states, send_slaveof_noone and wait_promotion, is aborted after the failover-timeout
// (sentinel.c). The grace is for its timer and our polls.
bool is_worn_out(const Scene& scene, std::size_t place)
{
    if (place >= scene.watch.claims.size())
        return false;
    const auto limit = failover_timeout(scene.votes, scene.evidence.ballots[place]);
    return scene.watch.claims[place].lasted >= 2 * limit + promotion_grace;
}

// Whether all Sentinels are heard, name the master in force and are content with it. What one says
// whose word is worn out does not count.
bool is_calm(const Scene& scene)
{
    const auto& votes = scene.votes;
    if (votes.size() != scene.evidence.ballots.size())
        return false;
    for (std::size_t place = 0; place < votes.size(); ++place) {  // as the ballots: all count
        const auto& vote = votes[place];
        if (!flags_count(vote, scene.master()))
            return false;
        if (is_spent(scene.watch, place, scene.now))
            continue;
        if (vote.flags.s_down || vote.flags.o_down)
            return false;
        if (!is_plain(vote, scene.master()) && !is_worn_out(scene, place))
            return false;
    }
    return true;
}

// Whether the node became master after the Sentinel at `place` began to claim: one that was before
// proves nothing.
bool has_turned_master(const Scene& scene, std::size_t place, const Endpoint& node)
{
    const auto& claims = scene.watch.claims;
    return says(find_probe(scene.evidence.probes, node), Role::master, scene.now) &&
           (place >= claims.size() || std::ranges::count(claims[place].masters, node) == 0);
}

const Promotion* published_by(const Scene& scene, std::size_t place)
{
    const auto found = std::ranges::find_if(scene.evidence.promotions, [&](const Promotion& each) {
        return each.sentinel == place && each.master == scene.master();
    });
    return found == scene.evidence.promotions.end() ? nullptr : &*found;
}

PromotionDoubt by_flags(const Scene& scene, std::size_t place)
{
    const auto& ballot = scene.evidence.ballots[place];
    if (!ballot || !is_promoting(*ballot, scene.master()))
        return PromotionDoubt::none;
    const auto* const vote = last_word(ballot, scene.votes);
    return vote && is_promoting(*vote, scene.master()) && !is_worn_out(scene, place)
               ? PromotionDoubt::under_way
               : PromotionDoubt::none;
}

// What is left of a promotion that was published.
PromotionDoubt by_event(const Scene& scene, const Promotion& promotion)
{
    const auto place = promotion.sentinel;
    const auto& leader = scene.evidence.ballots[place];
    const auto lasted = scene.now - promotion.heard_at;
    const auto limit = failover_timeout(scene.votes, leader);
    const auto& probes = scene.evidence.probes;
    const auto* const candidate =
        promotion.candidate ? find_probe(probes, *promotion.candidate) : nullptr;
    const auto* const master = find_probe(probes, scene.master());
    if (candidate && has_turned_master(scene, place, *promotion.candidate)) {
        // Reopening the old one would feed a second master.
        if (lasted < 2 * limit)
            return PromotionDoubt::under_way;
        // Unless it is the one that will stay. A Sentinel that knew of the promotion would say so
        // in its hellos, every two seconds, and all would follow its higher epoch. All are here,
        // so none is left to come back with it; and those that agree on a sane master demote any
        // other node that says master after eight seconds (sentinel.c, +convert-to-slave).
        const auto& calm_since = scene.watch.calm_since;
        if (calm_since && scene.now - *calm_since >= calm_hold)
            return PromotionDoubt::none;
        return says(master, Role::master, scene.now) ? PromotionDoubt::two_masters
                                                     : PromotionDoubt::under_way;
    }
    if (is_worn_out(scene, place))
        return PromotionDoubt::none;
    if (lasted < promotion_grace)
        return PromotionDoubt::under_way;
    if (says(candidate, Role::replica, scene.now) && says(master, Role::master, scene.now))
        return PromotionDoubt::none;  // it came to nothing
    // Without the nodes' own word: the leader's. Its flags vanish without an event when it dies.
    if (const auto* const word = last_word(leader, scene.votes);
        word && word->address == scene.master() && !word->flags.failover_in_progress)
        return PromotionDoubt::none;
    return lasted < limit ? PromotionDoubt::under_way : PromotionDoubt::none;
}

// What the Sentinel at `place` claims, whether it is believed or not.
PromotionDoubt claim_of(const Scene& scene, std::size_t place)
{
    if (by_flags(scene, place) != PromotionDoubt::none)
        return PromotionDoubt::under_way;
    const auto* const promotion = published_by(scene, place);
    if (const auto doubt = promotion ? by_event(scene, *promotion) : PromotionDoubt::none;
        doubt != PromotionDoubt::none)
        return doubt;
    const auto* const announced = announced_before(scene.reign, scene.votes, scene.now);
    return announced && last_word(scene.evidence.ballots[place], scene.votes) == announced
               ? PromotionDoubt::announced
               : PromotionDoubt::none;
}

bool is_same(const std::optional<Vote>& one, const std::optional<Vote>& other)
{
    return one && other && !one->sentinel_id.empty() && one->sentinel_id == other->sentinel_id;
}

// Whether another Sentinel than the one at `place` says something that goes with a promotion.
bool is_seconded(const Scene& scene, std::size_t place)
{
    const auto& ballots = scene.evidence.ballots;
    for (std::size_t other = 0; other < ballots.size(); ++other) {
        if (other == place || is_same(ballots[other], ballots[place]))
            continue;
        if (const auto* const promotion = published_by(scene, other);
            promotion && by_event(scene, *promotion) != PromotionDoubt::none)
            return true;
        const auto* const vote = last_word(ballots[other], scene.votes);
        if (!vote)
            continue;
        const auto& flags = vote->flags;
        if (flags_count(*vote, scene.master()) && (flags.s_down || flags.o_down || flags.promoting))
            return true;
        if (vote->address && *vote->address != scene.master() &&
            vote->config_epoch > scene.reign.high_water)
            return true;
    }
    return false;
}

bool is_borne_out(const Scene& scene, std::size_t place)
{
    if (scene.evidence.ballots.size() < 2 || is_seconded(scene, place))
        return true;
    if (const auto* const promotion = published_by(scene, place); promotion && promotion->candidate)
        return has_turned_master(scene, place, *promotion->candidate);
    return std::ranges::any_of(scene.evidence.probes, [&](const Probe& probe) {
        return probe.address != scene.master() && has_turned_master(scene, place, probe.address);
    });
}

void note_lasting(
    PromotionWatch::Claim& claim, const Scene& scene, std::size_t place, const Promotion* told)
{
    const auto& ballot = scene.evidence.ballots[place];
    const auto* const vote = last_word(ballot, scene.votes);
    const bool since_told = !told || (vote && vote->answered_at >= told->heard_at);
    if (vote && is_plain(*vote, scene.master()) && since_told) {
        claim.lasted = {};
        claim.counted_until.reset();
    } else if (told || (vote && is_promoting(*vote, scene.master()))) {
        claim.lasted += scene.now - claim.counted_until.value_or(scene.now);
        claim.counted_until = scene.now;
    } else {
        claim.counted_until.reset();
    }
}

void spend(PromotionWatch::Claim& claim, TimePoint now)
{
    if (!claim.alone_since)
        return;
    const auto took = now - std::exchange(*claim.alone_since, now);
    claim.spent = std::min<std::chrono::nanoseconds>(claim.spent + took, lone_budget);
    claim.cost += took;
}

void stop_spending(PromotionWatch::Claim& claim, std::chrono::nanoseconds least, TimePoint now)
{
    spend(claim, now);
    if (claim.alone_since && claim.cost < least)
        claim.spent =
            std::min<std::chrono::nanoseconds>(claim.spent + (least - claim.cost), lone_budget);
    claim.alone_since.reset();
    claim.cost = {};
}

// What a claim costs that nothing bears out. One that is taken back at once costs more than it
// closed, or a Sentinel could flap without end.
void note_spending(PromotionWatch::Claim& claim, const Scene& scene, std::size_t place)
{
    const bool claims = claim_of(scene, place) != PromotionDoubt::none;
    if (claims && !claim.claims) {
        if (claim.claimed_at && scene.now - *claim.claimed_at >= lone_renewal)
            claim.spent = {};
        claim.masters.clear();
        for (const auto& probe : scene.evidence.probes)
            if (probe.address != scene.master() && says(&probe, Role::master, scene.now))
                claim.masters.push_back(probe.address);
    }
    claim.claims = claims;
    if (claims)
        claim.claimed_at = scene.now;
    if (!claims)
        stop_spending(claim, least_cost, scene.now);
    else if (is_borne_out(scene, place))
        stop_spending(claim, {}, scene.now);
    else if (!claim.alone_since)
        claim.alone_since = scene.now;
    else
        spend(claim, scene.now);
}

}  // namespace

// Only for as long as the others need for the leader's hello: afterwards it is one vote.
const Vote* announced_before(const Reign& reign, std::span<const Vote> votes, TimePoint now)
{
    if (!reign.heard_first_at || now - *reign.heard_first_at >= announcement_limit)
        return nullptr;
    auto newest = reign.high_water;
    for (const auto& vote : votes)
        if (vote.address == reign.master)
            newest = std::max(newest, vote.config_epoch);
    const auto found = std::ranges::find_if(votes, [&](const Vote& vote) {
        return vote.address && vote.address != reign.master && vote.config_epoch > newest;
    });
    return found == votes.end() ? nullptr : &*found;
}

void PromotionWatch::forget()
{
    calm_since.reset();
    for (auto& claim : claims) {
        auto kept = Claim();
        kept.spent = claim.spent;
        kept.claimed_at = claim.claimed_at;
        claim = kept;
    }
}

void watch_promotions(
    PromotionWatch& watch, const Evidence& evidence, std::span<const Vote> votes,
    const Reign& reign, TimePoint now)
{
    const Scene scene{watch, evidence, votes, reign, now};
    watch.claims.resize(evidence.ballots.size());
    for (std::size_t place = 0; place < evidence.ballots.size(); ++place) {
        const auto& ballot = evidence.ballots[place];
        auto& claim = watch.claims[place];
        const auto* const told = published_by(scene, place);
        const bool other = ballot && ballot->address && *ballot->address != reign.master;
        if (!told && !other && !(ballot && ballot->flags.promoting) &&
            claim == PromotionWatch::Claim())
            continue;  // almost always
        note_lasting(claim, scene, place, told);
        note_spending(claim, scene, place);
    }
    if (!is_calm(scene))
        watch.calm_since.reset();
    else if (!watch.calm_since)
        watch.calm_since = now;
}

void bear_out(
    PromotionWatch& watch, const Evidence& evidence, const Endpoint& master, TimePoint now)
{
    watch.calm_since.reset();
    for (auto& claim : watch.claims) {
        stop_spending(claim, {}, now);
        claim.claims = false;
    }
    for (const auto& promotion : evidence.promotions)
        if (promotion.candidate == master && promotion.sentinel < watch.claims.size())
            watch.claims[promotion.sentinel].spent = {};
}

bool is_spent(const PromotionWatch& watch, std::size_t place, TimePoint now)
{
    if (place >= watch.claims.size())
        return false;
    const auto& claim = watch.claims[place];
    return claim.spent + (now - claim.alone_since.value_or(now)) >= lone_budget;
}

std::optional<TimePoint> next_spent(const PromotionWatch& watch, TimePoint now)
{
    std::optional<TimePoint> next;
    for (const auto& claim : watch.claims) {
        if (!claim.alone_since)
            continue;
        const auto when = *claim.alone_since + (lone_budget - claim.spent);
        if (when > now && (!next || when < *next))
            next = when;
    }
    return next;
}

PromotionDoubt promotion_doubt(
    const PromotionWatch& watch, const Evidence& evidence, std::span<const Vote> votes,
    const Reign& reign, TimePoint now)
{
    const Scene scene{watch, evidence, votes, reign, now};
    auto worst = PromotionDoubt::none;
    for (std::size_t place = 0; place < evidence.ballots.size(); ++place) {
        const auto claim = claim_of(scene, place);
        if (claim == PromotionDoubt::none ||
            (is_spent(watch, place, now) && !is_borne_out(scene, place)))
            continue;
        if (claim == PromotionDoubt::under_way)
            return claim;
        worst = std::max(worst, claim);
    }
    return worst;
}

bool is_over(
    const PromotionWatch& watch, const Evidence& evidence, std::span<const Vote> votes,
    const Reign& reign, const Promotion& promotion, TimePoint now)
{
    return by_event({watch, evidence, votes, reign, now}, promotion) == PromotionDoubt::none;
}

}  // namespace spoa::verdict
