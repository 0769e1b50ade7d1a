#pragma once

#include "sentinel/vote.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace spoa::sentinel {

// How many of `configured` Sentinels must agree: more than half of the configured ones, whatever
// is reachable, known or announced.
constexpr std::size_t majority_of(std::size_t configured) noexcept
{
    return configured / 2 + 1;
}

// The votes that count at `now`: given no longer than `vote_ttl` ago, and one for each identity:
// what more of the others say as well, so that nobody voids a vote by giving its identity; else the
// latest. `ballots` has one place for each configured Sentinel.
std::vector<Vote> valid_votes(
    std::span<const std::optional<Vote>> ballots, std::chrono::milliseconds vote_ttl,
    TimePoint now);

// The place of the first Sentinel that is the same as the one at `place`, where that is another:
// one listed under two addresses, or two with one `myid`. Of these one vote counts.
std::optional<std::size_t> same_as(std::span<const std::optional<Vote>> ballots, std::size_t place);

// An address that a majority names.
struct Majority {
    Endpoint address;
    std::size_t votes = 0;
    std::uint64_t highest_epoch = 0;    // of any supporter
    std::uint64_t confirmed_epoch = 0;  // the `needed`-th largest: a majority vouches for it

    bool operator==(const Majority&) const = default;
};

// The address that at least `needed` of the valid votes name; two addresses can never both have a
// majority of the configured Sentinels. Votes must already be one per Sentinel.
std::optional<Majority> find_majority(std::span<const Vote> votes, std::size_t needed);

}  // namespace spoa::sentinel
