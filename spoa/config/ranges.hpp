// Servers by the number: `redis-{0..8}: redis-{0..8}.redis-headless:6379` stands for nine entries.
// A set can grow within its range while the agent and HAProxy run, as those of a StatefulSet do.
#pragma once

#include "config/report.hpp"
#include "config/section.hpp"

#include <cstddef>
#include <vector>

namespace spoa::config {

inline constexpr std::size_t most_in_ranges = 64;  // of one mapping, together

// As read_entries, with an entry for each number of a range in a key. Of a value, a text or a list
// of texts, each range counts along, and has as many numbers. What is no such range is reported,
// and noted is what each one stands for.
std::vector<Entry> read_ranged_entries(const Value& value, Report& report);

}  // namespace spoa::config
