#pragma once

#include "config/config.hpp"
#include "config/section.hpp"

#include <vector>

namespace spoa::config {

// The list `masters`.
std::vector<Master> read_masters(const Section& root, Report& report);

}  // namespace spoa::config
