#pragma once

#include "config/config.hpp"
#include "config/section.hpp"

#include <filesystem>

namespace spoa::config {

// The file that is being read, as far as secrets go.
struct Origin {
    std::filesystem::path folder;  // what a relative password_file is relative to
    bool world_readable = false;
};

// `username`, `password` and `password_file` of a section. The environment and other files are
// read here and nowhere else; what they hold is never reported.
Credentials read_credentials(const Section& section, const Origin& origin, Report& report);

}  // namespace spoa::config
