#include "verdict/sight.hpp"

#include "sentinel/electorate.hpp"

#include <algorithm>

namespace spoa::verdict {

Sight sight_of(
    const Endpoint& replica, std::span<const sentinel::Vote> votes, std::size_t sentinels)
{
    Sight sight{0, 0, sentinel::majority_of(sentinels), sentinels};
    for (const auto& vote : votes) {
        if (vote.in_tilt)
            continue;
        const auto is_it = [&](const auto& each) { return each.address == replica; };
        const auto is_it_down = [&](const auto& each) { return is_it(each) && each.s_down; };
        sight.unseen += std::ranges::any_of(vote.unseen, is_it) ? 1 : 0;
        sight.s_down += std::ranges::any_of(vote.unseen, is_it_down) ? 1 : 0;
    }
    return sight;
}

}  // namespace spoa::verdict
