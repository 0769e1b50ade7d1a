#pragma once

#include "config/config.hpp"
#include "config/credentials.hpp"
#include "config/section.hpp"

#include <string>
#include <vector>

namespace spoa::config {

// The list `masters`.
std::vector<Master> read_masters(const Section& root, const Origin& origin, Report& report);

// What to say of a name that none of them has.
std::string unknown_master(const std::string& name, const std::vector<Master>& masters);

}  // namespace spoa::config
