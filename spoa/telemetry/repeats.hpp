#pragma once

#include "telemetry/log.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::telemetry {

// Trouble that comes and goes many times a minute must not fill the log: of the same message the
// first few are written, and then, once a window is over, how many more there were, and what the
// last one said. Time is an argument.
class Repeats {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    static constexpr std::uint64_t written_in_a_window = 5;
    static constexpr std::chrono::seconds window{10};
    static constexpr std::size_t most_messages = 1'000;
    static constexpr std::string_view others = "other messages";  // all beyond these are one

    // Whether to write this line: `most` of its message in a window.
    bool admit(
        const std::string& message, LogLevel level, TimePoint now,
        std::uint64_t most = written_in_a_window, std::span<const LogField> fields = {});

    struct Held {
        std::string message;
        LogLevel level;
        std::uint64_t times;
        std::vector<LogField> fields;  // of the last one

        bool operator==(const Held&) const = default;
    };

    // What was held back in windows that are over.
    std::vector<Held> take_over(TimePoint now);

    // How many lines were held back ever.
    std::uint64_t held() const { return held_; }

private:
    struct Window {
        TimePoint began;
        LogLevel level;
        std::uint64_t written = 0;
        std::uint64_t held = 0;
        std::vector<LogField> last{};  // that was held
    };
    std::map<std::string, Window> windows_;
    std::uint64_t held_ = 0;
};

}  // namespace spoa::telemetry
