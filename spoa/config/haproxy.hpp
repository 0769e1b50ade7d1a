#pragma once

#include "config/config.hpp"
#include "config/section.hpp"

#include <vector>

namespace spoa::config {

// The HAProxies whose servers the agent keeps in order. `masters` are those of the configuration.
std::vector<Haproxy> read_haproxies(
    const Section& root, const std::vector<Master>& masters, Report& report);

}  // namespace spoa::config
