#pragma once

#include "config/config.hpp"
#include "config/credentials.hpp"
#include "config/section.hpp"

#include <vector>

namespace spoa::config {

// The list `masters`.
std::vector<Master> read_masters(const Section& root, const Origin& origin, Report& report);

}  // namespace spoa::config
