#include "daemon/reload_log.hpp"

#include "telemetry/log.hpp"

namespace spoa::daemon {

using telemetry::write_log;

void log_changes(std::span<const config::Change> changes)
{
    for (const auto& [key, before, after] : changes)
        write_log(
            LogLevel::info,
            "reload: a setting changed",
            {{"key", key},
             {"before", before.empty() ? "(none)" : before},
             {"after", after.empty() ? "(none)" : after}});
}

std::string log_diagnostics(
    std::span<const config::Diagnostic> diagnostics, const std::filesystem::path& file)
{
    std::string first;
    for (const auto& diagnostic : diagnostics) {
        if (diagnostic.severity == config::Severity::note)
            continue;
        const bool is_error = diagnostic.severity == config::Severity::error;
        const auto text = to_string(diagnostic, file);
        write_log(is_error ? LogLevel::error : LogLevel::warning, "reload: " + text);
        if (is_error && first.empty())
            first = text;
    }
    return first;
}

}  // namespace spoa::daemon
