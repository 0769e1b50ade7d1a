#include "verdict/ruling.hpp"

#include <algorithm>

namespace spoa::verdict {
namespace {

using sentinel::Majority;

bool claims_elsewhere(std::span<const Vote> votes, const Endpoint& address, std::uint64_t epoch)
{
    return std::ranges::any_of(votes, [&](const Vote& vote) {
        return vote.address && *vote.address != address && vote.config_epoch >= epoch;
    });
}

void adopt(const Case& c, Standing& standing, const Majority& majority)
{
    const auto now = c.now;
    if (standing.current && *standing.current != majority.address)
        standing.tombstones.push_back({*standing.current, now});
    std::erase_if(standing.tombstones, [&](const Claim& tombstone) {
        return tombstone.address == majority.address;
    });
    standing.current = majority.address;
    standing.in_force_since = now;
    standing.contender.reset();
    standing.down = false;
    standing.word = Word::none;
    standing.process = ProcessWatch();
    standing.isolation = IsolationWatch();
    bear_out(standing.promotions, c.evidence, majority.address, now);
}

// Whether a majority's claim to a tie has stood long enough. Where the node is probed, it must say
// that it is master; if it says nothing at all, it has to stand longer.
bool tie_is_over(const Case& c, const Claim& claim)
{
    const auto stood = c.now - claim.since;
    const auto* const probe = find_probe(c.evidence.probes, claim.address);
    if (!probe)
        return stood >= tie_hold;
    if (!is_fresh(*probe, c.now) || probe->role == Role::unknown)
        return stood >= regress_hold;
    return stood >= tie_hold && probe->role == Role::master;
}

bool regress_is_over(const Case& c, const Claim& claim, bool contested)
{
    const auto* const probe = find_probe(c.evidence.probes, claim.address);
    const bool denied = probe && is_fresh(*probe, c.now) && probe->role == Role::replica;
    return c.now - claim.since >= regress_hold && !contested && !denied;
}

}  // namespace

Ruling rule(const Case& c, const Majority& majority, Standing& standing)
{
    const auto& address = majority.address;
    if (!standing.current) {
        adopt(c, standing, majority);
        standing.high_water = majority.confirmed_epoch;
        return Ruling::first;
    }
    const bool contested = claims_elsewhere(c.votes, address, standing.high_water);
    if (address == standing.current) {
        standing.contender.reset();
        const bool set_back = majority.highest_epoch < standing.high_water && !contested;
        if (set_back || majority.confirmed_epoch > standing.high_water)
            standing.high_water = majority.confirmed_epoch;
        return Ruling::in_force;
    }
    if (majority.highest_epoch > standing.high_water) {
        adopt(c, standing, majority);
        standing.high_water = std::max(standing.high_water, majority.confirmed_epoch);
        return Ruling::higher_epoch;
    }

    standing.contender = renewed(standing.contender, address, c.now);
    const bool tie = majority.highest_epoch == standing.high_water;
    const bool over = tie ? tie_is_over(c, *standing.contender)
                          : regress_is_over(c, *standing.contender, contested);
    if (!over)
        return tie ? Ruling::tie : Ruling::regress;
    adopt(c, standing, majority);
    standing.high_water = majority.confirmed_epoch;
    return tie ? Ruling::tie_over : Ruling::regress_over;
}

std::string_view text_of(Ruling ruling)
{
    switch (ruling) {
        case Ruling::first: return "the first majority";
        case Ruling::in_force: return "a majority names the master in force";
        case Ruling::higher_epoch: return "a majority names another master at a higher epoch";
        case Ruling::tie: return "a majority names another master at the same epoch";
        case Ruling::tie_over: return "another master at the same epoch, stable for 2.5 s";
        case Ruling::regress: return "a majority names another master at a lower epoch";
        case Ruling::regress_over: return "another master at a lower epoch, stable for 10 s";
    }
    return {};
}

}  // namespace spoa::verdict
