#include "telemetry/repeats.hpp"

namespace spoa::telemetry {

bool Repeats::admit(
    const std::string& message, LogLevel level, TimePoint now, std::uint64_t most,
    std::span<const LogField> fields)
{
    auto known = windows_.find(message);
    if (known == windows_.end()) {
        const bool full = windows_.size() >= most_messages;
        known =
            windows_.try_emplace(full ? std::string(others) : message, Window{now, level}).first;
    }
    auto& seen = known->second;
    seen.level = level;
    if (seen.written < most) {
        ++seen.written;
        return true;
    }
    ++seen.held;
    ++held_;
    seen.last.assign(fields.begin(), fields.end());
    return false;
}

std::vector<Repeats::Held> Repeats::take_over(TimePoint now)
{
    std::vector<Held> held;
    std::erase_if(windows_, [&](auto& entry) {
        auto& [message, seen] = entry;
        if (now - seen.began < window)
            return false;
        if (seen.held > 0)
            held.push_back({message, seen.level, seen.held, std::move(seen.last)});
        return true;
    });
    return held;
}

}  // namespace spoa::telemetry
