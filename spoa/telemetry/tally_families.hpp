#pragma once

#include "agent/tally.hpp"

#include <prometheus/metric_family.h>

#include <span>
#include <string>
#include <vector>

namespace spoa::telemetry {

// The workers' counters, added up, as metric families. `names` are the monitored names in the
// order of the tallies; an empty one is left out.
std::vector<prometheus::MetricFamily> tally_families(
    std::span<const agent::Tally* const> tallies, std::span<const std::string> names);

}  // namespace spoa::telemetry
