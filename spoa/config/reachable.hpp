#pragma once

#include "config/config.hpp"
#include "config/section.hpp"

#include <utility>
#include <vector>

namespace spoa::config {

// The mapping `reachable`. An entry that concerns no node of `masters` that is asked is warned of.
std::vector<std::pair<Endpoint, Endpoint>> read_reachable(
    const Section& root, const std::vector<Master>& masters, Report& report);

}  // namespace spoa::config
