#pragma once

#include "agent/tally.hpp"
#include "telemetry/read_report.hpp"

#include <prometheus/metric_family.h>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace spoa::telemetry {

// What an answer to role=replica is counted under: a name, by its place, and the server that it
// named; none when that is empty.
struct ReadCounter {
    std::size_t name = 0;
    std::string server;

    bool operator==(const ReadCounter&) const = default;
};

// The metrics of reads. `names` are the monitored names by place, `counters` belong to Tally::reads
// in their order. Only the names among `reads` are shown.
std::vector<prometheus::MetricFamily> read_families(
    std::span<const agent::Tally* const> tallies, std::span<const std::string> names,
    std::span<const ReadCounter> counters, std::span<const ReadReport> reads);

}  // namespace spoa::telemetry
