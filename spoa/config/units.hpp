#pragma once

#include "config/parsed.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace spoa::config {

// A whole number and a unit: `500ms`, `2s`, `5m`, `1h`. Zero needs no unit. At most a year, so that
// sums of durations cannot overflow.
[[nodiscard]] Parsed<std::chrono::milliseconds> parse_duration(std::string_view text);

// The same form: the largest unit that leaves no remainder, but seconds for a single minute.
std::string to_string(std::chrono::milliseconds duration);

}  // namespace spoa::config
