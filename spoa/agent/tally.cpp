#include "agent/tally.hpp"

#include <algorithm>

namespace spoa::agent {

std::uint64_t Tally::connections() const
{
    // Another thread may be counting: what it opened and closed between the two reads is left out.
    const auto closed = connections_closed.read();
    return std::max(connections_opened.read(), closed) - closed;
}

std::uint64_t Waits::open() const
{
    std::uint64_t over = 0;
    for (const auto& count : ended)
        over += count.read();
    // Another thread may be counting: of what began and ended meanwhile, the end alone is seen.
    return std::max(begun.read(), over) - over;
}

void Tally::count_answers(std::uint64_t answers, std::chrono::nanoseconds took)
{
    const auto bound = std::ranges::lower_bound(duration_bounds, took);
    durations[static_cast<std::size_t>(bound - duration_bounds.begin())].add(answers);
    duration_sum_ns.add(answers * static_cast<std::uint64_t>(took.count()));
}

}  // namespace spoa::agent
