#pragma once

#include "telemetry/metrics.hpp"

#include <doctest/doctest.h>

#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace spoa::test {

// Series with its labels → value, as text.
using Samples = std::map<std::string, std::string>;

inline Samples samples_in(const std::string& page)
{
    Samples samples;
    std::istringstream lines(page);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with('#') || line.empty())
            continue;
        const auto space = line.rfind(' ');
        REQUIRE(space != std::string::npos);
        const bool fresh = samples.emplace(line.substr(0, space), line.substr(space + 1)).second;
        CAPTURE(line);
        CHECK(fresh);
    }
    return samples;
}

inline Samples scrape(
    const telemetry::Metrics& metrics, const std::vector<const agent::Tally*>& tallies = {})
{
    return samples_in(metrics.serialize(tallies));
}

inline std::string of(const std::string& series, const std::string& name)
{
    return "sentinel_spoa_" + series + "{master_name=\"" + name + "\"}";
}

inline std::size_t count_series(const Samples& samples, const std::string& start)
{
    std::size_t count = 0;
    for (const auto& [series, value] : samples)
        count += series.starts_with(start) ? 1 : 0;
    return count;
}

}  // namespace spoa::test
