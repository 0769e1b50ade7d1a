#pragma once

#include "config/config.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace spoa::cli {

// The configuration to use instead of an agent.yml of Smitty; nothing when the file is none. Throws
// std::runtime_error with a sentence when there is something wrong with it.
std::optional<std::string> migrate_smitty(const std::filesystem::path& file);

// Prints what would be changed in each nutcracker.yml. Answers the exit code: 0 when all of it can
// be done.
int check_twemproxy(const config::Config& config);

}  // namespace spoa::cli
