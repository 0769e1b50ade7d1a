#pragma once

#include "config/config.hpp"
#include "config/section.hpp"

namespace spoa::config {

// The sections `spop` and `http`, and that no two of their sockets are the same.
void read_listeners(const Section& root, Config& config, Report& report);

}  // namespace spoa::config
