#pragma once

#include "config/config.hpp"
#include "config/credentials.hpp"
#include "config/section.hpp"

#include <vector>

namespace spoa::config {

// The nutcrackers whose files follow the masters. The files themselves are not read here: they may
// change any time. `masters` are those of the configuration.
std::vector<Twemproxy> read_twemproxies(
    const Section& root, const std::vector<Master>& masters, const Origin& origin, Report& report);

}  // namespace spoa::config
