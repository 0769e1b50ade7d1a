#include "verdict/offset_history.hpp"

#include <algorithm>

namespace spoa::verdict {

void OffsetHistory::note(TimePoint asked, std::uint64_t offset)
{
    if (!samples_.empty() && offset < samples_.back().offset)
        samples_.clear();
    if (!samples_.empty() && asked <= samples_.back().asked)
        return;
    // While nothing is written, the first and the last moment of an offset are enough.
    if (samples_.size() >= 2 && samples_.back().offset == offset &&
        samples_[samples_.size() - 2].offset == offset) {
        samples_.back().asked = asked;
        return;
    }
    if (samples_.size() >= most_samples)
        thin_out();
    samples_.push_back({asked, offset});
}

// Leaves out every second sample of the older half. A replica that far behind is then held for a
// little older than it is, never for younger.
void OffsetHistory::thin_out()
{
    std::vector<Sample> kept;
    kept.reserve(most_samples);
    for (std::size_t i = 0; i < samples_.size(); ++i)
        if (i >= samples_.size() / 2 || i % 2 == 0)
            kept.push_back(samples_[i]);
    samples_ = std::move(kept);
}

std::optional<std::uint64_t> OffsetHistory::bytes_behind(
    TimePoint asked, std::uint64_t offset) const
{
    const auto after = std::ranges::upper_bound(samples_, asked, {}, &Sample::asked);
    if (after == samples_.begin())
        return std::nullopt;
    const auto written = std::prev(after)->offset;
    return written > offset ? written - offset : 0;
}

std::optional<TimePoint> OffsetHistory::complete_until(std::uint64_t offset) const
{
    const auto after = std::ranges::upper_bound(samples_, offset, {}, &Sample::offset);
    if (after == samples_.begin())
        return std::nullopt;
    return std::prev(after)->asked;
}

}  // namespace spoa::verdict
