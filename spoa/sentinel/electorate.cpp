#include "sentinel/electorate.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <vector>

namespace spoa::sentinel {

std::optional<Majority> find_majority(std::span<const Vote> votes, std::size_t needed)
{
    std::map<Endpoint, std::vector<const Vote*>> supporters;
    for (const auto& vote : votes)
        if (vote.address)
            supporters[*vote.address].push_back(&vote);

    for (auto& [address, list] : supporters) {
        if (list.size() < needed)
            continue;
        Majority majority;
        majority.address = address;
        majority.votes = list.size();
        std::ranges::sort(list, std::greater{}, &Vote::config_epoch);
        majority.highest_epoch = list.front()->config_epoch;
        majority.confirmed_epoch = list[needed - 1]->config_epoch;
        return majority;
    }
    return std::nullopt;
}

}  // namespace spoa::sentinel
