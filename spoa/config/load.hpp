#pragma once

#include "config/config.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::config {

enum class Severity { warning, error };

// Something to tell about the file. Line and column count from 1; 0 when there is no place to name.
struct Diagnostic {
    Severity severity = Severity::error;
    int line = 0;
    int column = 0;
    std::string text;  // what is wrong and what to write instead; never holds a secret
};

struct Loaded {
    Config config;                        // to be used only when there is no error
    std::vector<Diagnostic> diagnostics;  // in the order of the file

    bool has_errors() const;
};

// Reads and checks the whole file; every error is reported, not only the first. Never throws.
Loaded load_file(const std::filesystem::path& path);

// The same for a text already in memory; relative paths in it are relative to `folder`.
Loaded load_text(std::string_view text, const std::filesystem::path& folder);

// `FILE:LINE:COL: error: TEXT`
std::string to_string(const Diagnostic& diagnostic, const std::filesystem::path& file);

}  // namespace spoa::config
