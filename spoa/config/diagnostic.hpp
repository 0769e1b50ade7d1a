#pragma once

#include <filesystem>
#include <string>

namespace spoa::config {

// A note says how something is understood, for whoever checks the file; it asks for nothing.
enum class Severity { note, warning, error };

// Something to tell about the file. Line and column count from 1; 0 when there is no place to name.
struct Diagnostic {
    Severity severity = Severity::error;
    int line = 0;
    int column = 0;
    std::string text;  // what is wrong and what to write instead; never holds a secret

    auto operator<=>(const Diagnostic&) const = default;
};

// `FILE:LINE:COL: error: TEXT`, or `FILE: error: TEXT` without a place.
std::string to_string(const Diagnostic& diagnostic, const std::filesystem::path& file);

}  // namespace spoa::config
