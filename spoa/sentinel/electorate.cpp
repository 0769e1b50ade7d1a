#include "sentinel/electorate.hpp"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

namespace spoa::sentinel {

namespace {

// How many of the others name the same address as `vote`.
auto count_support(
    std::span<const std::optional<Vote>> ballots, const Vote& vote,
    std::chrono::milliseconds vote_ttl, TimePoint now)
{
    return std::ranges::count_if(ballots, [&](const std::optional<Vote>& other) {
        return other && now - other->answered_at <= vote_ttl &&
               other->sentinel_id != vote.sentinel_id && other->address == vote.address;
    });
}

}  // namespace

std::vector<Vote> valid_votes(
    std::span<const std::optional<Vote>> ballots, std::chrono::milliseconds vote_ttl, TimePoint now)
{
    const auto weight = [&](const Vote& vote) {
        return std::pair(count_support(ballots, vote, vote_ttl, now), vote.answered_at);
    };
    std::vector<Vote> votes;
    votes.reserve(ballots.size());
    for (const auto& ballot : ballots) {
        if (!ballot || now - ballot->answered_at > vote_ttl)
            continue;
        // A Sentinel listed under two addresses has one vote.
        const auto same = std::ranges::find_if(votes, [&](const Vote& vote) {
            return !vote.sentinel_id.empty() && vote.sentinel_id == ballot->sentinel_id;
        });
        if (same == votes.end())
            votes.push_back(*ballot);
        else if (weight(*same) < weight(*ballot))
            *same = *ballot;
    }
    return votes;
}

std::optional<std::size_t> same_as(std::span<const std::optional<Vote>> ballots, std::size_t place)
{
    const auto& vote = ballots[place];
    if (!vote || vote->sentinel_id.empty())
        return std::nullopt;
    for (std::size_t first = 0; first < place; ++first)
        if (ballots[first] && ballots[first]->sentinel_id == vote->sentinel_id)
            return first;
    return std::nullopt;
}

std::optional<Majority> find_majority(std::span<const Vote> votes, std::size_t needed)
{
    for (const auto& candidate : votes) {
        std::vector<const Vote*> list;
        for (const auto& vote : votes)
            if (candidate.address && vote.address == candidate.address)
                list.push_back(&vote);
        if (list.size() < needed || list.empty())
            continue;
        Majority majority;
        majority.address = *candidate.address;
        majority.votes = list.size();
        std::ranges::sort(list, std::greater{}, &Vote::config_epoch);
        majority.highest_epoch = list.front()->config_epoch;
        majority.confirmed_epoch = list[needed - 1]->config_epoch;
        return majority;
    }
    return std::nullopt;
}

}  // namespace spoa::sentinel
