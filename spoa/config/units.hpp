#pragma once

#include "config/parsed.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace spoa::config {

// A whole number and a unit: `500ms`, `2s`, `5m`, `1h`. Zero needs no unit. At most a year, so that
// sums of durations cannot overflow.
[[nodiscard]] Parsed<std::chrono::milliseconds> parse_duration(std::string_view text);

// A whole number of bytes and a unit: `512KiB`, `1MiB`, `1GB`, `4096B`. Zero needs no unit. At most
// 1024 GiB.
[[nodiscard]] Parsed<std::uint64_t> parse_size(std::string_view text);

// The same form: the largest unit of 1024 that leaves no remainder.
std::string size_text(std::uint64_t bytes);

// The same form: the largest unit that leaves no remainder, but seconds for a single minute.
std::string to_string(std::chrono::milliseconds duration);

}  // namespace spoa::config
