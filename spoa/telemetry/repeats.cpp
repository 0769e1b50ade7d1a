#include "telemetry/repeats.hpp"

namespace spoa::telemetry {

bool Repeats::admit(const std::string& message, LogLevel level, TimePoint now)
{
    auto known = windows_.find(message);
    if (known == windows_.end()) {
        if (windows_.size() >= most_messages)
            return true;
        known = windows_.emplace(message, Window{now, level}).first;
    }
    known->second.level = level;
    return ++known->second.times <= written_in_a_window;
}

std::vector<Repeats::Held> Repeats::take_over(TimePoint now)
{
    std::vector<Held> held;
    std::erase_if(windows_, [&](const auto& entry) {
        const auto& [message, seen] = entry;
        if (now - seen.began < window)
            return false;
        if (seen.times > written_in_a_window)
            held.push_back({message, seen.level, seen.times - written_in_a_window});
        return true;
    });
    return held;
}

}  // namespace spoa::telemetry
