#pragma once

#include "config/config.hpp"
#include "config/load.hpp"
#include "daemon/control.hpp"
#include "daemon/descriptors.hpp"
#include "daemon/doors.hpp"
#include "daemon/event_feed.hpp"
#include "daemon/pages.hpp"
#include "daemon/pressure_log.hpp"
#include "daemon/service_manager.hpp"
#include "daemon/upgrade.hpp"
#include "net/connection_limits.hpp"
#include "net/http_server.hpp"
#include "net/spop_workers.hpp"
#include "net/task_group.hpp"
#include "telemetry/metrics.hpp"
#include "telemetry/report.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace spoa::daemon {

// The running agent. One control thread, the caller's: Sentinels, verdicts, HTTP, accepting.
// And `threads` workers that only answer frames.
class Daemon {
public:
    // Opens all listeners and starts the workers, which know no name yet.
    Daemon(
        config::Config config_in_force, std::filesystem::path file, net::ConnectionLimits limits,
        std::string_view version);

    // Serves until SIGTERM or SIGINT, or until another process has taken over.
    void run();

private:
    static net::SessionLimits session_limits(const config::Spop& spop);
    static void log_failure(const std::exception_ptr& failure);

    std::string inherited_memory();
    void serve();
    void set_http_hosts();
    void start_reports();
    boost::asio::awaitable<void> look_each_second();
    boost::asio::awaitable<void> stop_on_signal();
    void cancel_all();
    bool anything_running() const;
    [[noreturn]] void leave();
    net::Taker http_taker();
    std::string metrics_text();
    std::uint64_t waiting_connections(std::size_t name) const;

    // daemon_reload.cpp
    void reload();
    std::string put_in_force(config::Loaded loaded, std::size_t& changed);

    // daemon_upgrade.cpp
    boost::asio::awaitable<void> serve_when_ready();
    boost::asio::awaitable<void> take_over(Descriptor channel);
    void start_successor();
    void on_successor(bool serves);
    boost::asio::awaitable<void> stop_when_nobody_waits();
    bool somebody_waits() const;

    // First: no thread that looks at the environment is there yet.
    ServiceManager service_manager_;
    Predecessor predecessor_;
    // Where the program is, also when another file is there by then.
    const std::string program_ = std::filesystem::read_symlink("/proc/self/exe").string();
    boost::asio::io_context context_{1};
    boost::asio::signal_set signals_{context_, SIGINT, SIGTERM, SIGHUP};  // before anything is said
    Successor successor_{context_};
    bool serves_after_us_ = false;  // the successor
    const std::filesystem::path file_;
    config::Config config_;  // in force
    Doors spop_doors_{context_, config_.spop.listen, predecessor_};
    Doors http_doors_{context_, config_.http.listen, predecessor_};
    std::optional<telemetry::ReloadReport> reload_report_;
    telemetry::Metrics metrics_;
    net::SpopWorkers workers_;
    PressureLog pressure_log_;
    EventFeed events_;
    Control control_;
    const PageSources page_sources_{
        control_,
        events_,
        [this] { return metrics_text(); },
        [this](std::size_t name) { return waiting_connections(name); },
        [this] { return reload_report_ ? &*reload_report_ : nullptr; }};
    net::TaskGroup listening_{context_.get_executor(), log_failure};
    net::HttpServer http_server_{
        context_.get_executor(),
        [this](const net::HttpRequest& request) { return answer_page(page_sources_, request); },
        net::HttpLimits{.connections = most_http_connections},
        log_failure};
    net::TaskGroup tasks_{context_.get_executor(), log_failure};
};

}  // namespace spoa::daemon
