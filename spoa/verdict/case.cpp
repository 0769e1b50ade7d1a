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

std::string same_sentinels(const Case& c)
{
    const auto& names = c.subject.sentinels;
    const auto name_of = [&](std::size_t place) {
        return place < names.size() ? names[place] : "Sentinel " + std::to_string(place + 1);
    };
    std::string text;
    for (std::size_t place = 0; place < c.sentinels(); ++place)
        if (const auto first = sentinel::same_as(c.evidence.ballots, place))
            text += (text.empty() ? "" : ", ") + name_of(*first) + " and " + name_of(place) +
                    " are the same Sentinel";
    return text;
}

}  // namespace spoa::verdict
