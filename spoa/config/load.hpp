#pragma once

#include "config/config.hpp"
#include "config/diagnostic.hpp"

#include <filesystem>
#include <string_view>
#include <vector>

namespace spoa::config {

struct Loaded {
    Config config;                        // to be used only when there is no error
    std::vector<Diagnostic> diagnostics;  // in the order of the file

    bool has_errors() const;
};

// Reads and checks the whole file; every error is reported, not only the first. Never throws.
Loaded load_file(const std::filesystem::path& path);

// The same for a text already in memory; relative paths in it are relative to `folder`.
Loaded load_text(std::string_view text, const std::filesystem::path& folder);

}  // namespace spoa::config
