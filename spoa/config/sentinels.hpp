#pragma once

#include "config/config.hpp"
#include "config/credentials.hpp"
#include "config/section.hpp"

namespace spoa::config {

// The section `sentinels`.
Sentinels read_sentinels(const Section& root, const Origin& origin, Report& report);

}  // namespace spoa::config
