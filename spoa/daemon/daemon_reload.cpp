// SIGHUP: another configuration in the process that runs.
#include "config/load.hpp"
#include "daemon/daemon.hpp"
#include "daemon/descriptors.hpp"
#include "daemon/reload_log.hpp"
#include "telemetry/log.hpp"

#include <exception>

namespace spoa::daemon {

using telemetry::write_log;

// Reads the file anew and puts it in force, whole or not at all.
void Daemon::reload()
{
    service_manager_.reloading();
    std::string trouble;
    std::size_t changed = 0;
    try {
        trouble = put_in_force(config::load_file(file_), changed);
    } catch (const std::exception& e) {
        trouble = e.what();
    }
    metrics_.count_reload(trouble.empty());
    reload_report_ = {trouble, telemetry::Moment::now().steady};
    if (trouble.empty())
        write_log(
            LogLevel::info,
            "the configuration was read anew",
            {{"changes", std::to_string(changed)}});
    else
        write_log(
            LogLevel::error,
            "the configuration stays as it was: the file cannot be used",
            {{"reason", trouble}});
    service_manager_.ready();
}

// Returns why not, empty when it is in force. Whatever can fail comes first.
std::string Daemon::put_in_force(config::Loaded loaded, std::size_t& changed)
{
    auto trouble = log_diagnostics(loaded.diagnostics, file_);
    if (!trouble.empty())
        return trouble;
    auto& next = loaded.config;
    if (next.spop.threads != config_.spop.threads) {
        write_log(
            LogLevel::warning,
            "reload: spop.threads stays as it is until the agent is restarted",
            {{"threads", std::to_string(config_.spop.threads)}});
        next.spop.threads = config_.spop.threads;
    }
    auto spop_doors = spop_doors_.open(next.spop.listen);
    auto http_doors = http_doors_.open(next.http.listen);
    control_.reload(next);

    spop_doors_.take(std::move(spop_doors), next.spop.listen);
    http_doors_.take(std::move(http_doors), next.http.listen);
    const auto changes = config::changes_between(config_, next);
    changed = changes.size();
    log_changes(changes);
    config_ = std::move(next);
    set_http_hosts();
    telemetry::change_log(config_.log.level, config_.log.format);
    const auto limits = provide_descriptors(config_);
    workers_.set_limits(config_.sentinels.vote_ttl, session_limits(config_.spop), limits);
    pressure_log_.set_limits(limits);
    return {};
}

}  // namespace spoa::daemon
