#pragma once

#include "base/log_settings.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace spoa::telemetry {

// Trouble that comes and goes many times a minute must not fill the log: of the same message the
// first few are written, and then, once a window is over, how many more there were. Time is an
// argument.
class Repeats {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    static constexpr std::uint64_t written_in_a_window = 5;
    static constexpr std::chrono::seconds window{10};
    static constexpr std::size_t most_messages = 1'000;  // of others nothing is held back

    // Whether to write this line.
    bool admit(const std::string& message, LogLevel level, TimePoint now);

    struct Held {
        std::string message;
        LogLevel level;
        std::uint64_t times;

        bool operator==(const Held&) const = default;
    };

    // What was held back in windows that are over.
    std::vector<Held> take_over(TimePoint now);

private:
    struct Window {
        TimePoint began;
        LogLevel level;
        std::uint64_t times = 0;
    };
    std::map<std::string, Window> windows_;
};

}  // namespace spoa::telemetry
