#include "verdict/case.hpp"

#include "sentinel/electorate.hpp"

#include <algorithm>

namespace spoa::verdict {

std::size_t Case::needed() const
{
    return sentinel::majority_of(sentinels());
}

std::size_t votes_for(const std::optional<Endpoint>& address, std::span<const Vote> votes)
{
    return static_cast<std::size_t>(
        std::ranges::count_if(votes, [&](const Vote& vote) { return vote.address == address; }));
}

std::string count_of(std::size_t votes, std::size_t sentinels)
{
    return std::to_string(votes) + " of " + std::to_string(sentinels) + " Sentinels";
}

}  // namespace spoa::verdict
