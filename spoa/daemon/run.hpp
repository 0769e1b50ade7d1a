#pragma once

#include "config/config.hpp"

#include <string_view>

namespace spoa::daemon {

// Runs the agent until SIGTERM or SIGINT. Throws std::runtime_error with one sentence when it
// cannot start, and has then started nothing.
void run(const config::Config& config, std::string_view version);

}  // namespace spoa::daemon
