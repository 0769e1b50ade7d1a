#pragma once

#include "config/changes.hpp"
#include "config/diagnostic.hpp"

#include <filesystem>
#include <span>
#include <string>

namespace spoa::daemon {

// Writes what a reload has changed, a line for each key.
void log_changes(std::span<const config::Change> changes);

// Writes why a reload changed nothing, a line for each mistake; warnings of a good file, too.
// Returns the first mistake as a sentence with its place, empty without one.
std::string log_diagnostics(
    std::span<const config::Diagnostic> diagnostics, const std::filesystem::path& file);

}  // namespace spoa::daemon
