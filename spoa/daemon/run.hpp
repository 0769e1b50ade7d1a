#pragma once

#include "config/config.hpp"

#include <filesystem>
#include <string_view>

namespace spoa::daemon {

// Runs the agent until SIGTERM or SIGINT; on SIGHUP it reads `file` anew. Throws std::runtime_error
// with one sentence when it cannot start, and has then started nothing.
void run(const config::Config& config, const std::filesystem::path& file, std::string_view version);

}  // namespace spoa::daemon
