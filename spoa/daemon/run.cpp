#include "daemon/run.hpp"

#include "daemon/control.hpp"
#include "daemon/descriptors.hpp"
#include "daemon/pages.hpp"
#include "daemon/pressure_log.hpp"
#include "daemon/service_manager.hpp"
#include "daemon/service_report.hpp"
#include "net/listener.hpp"
#include "net/spop_workers.hpp"
#include "net/task_group.hpp"
#include "net/timeout.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <vector>

namespace asio = boost::asio;

namespace spoa::daemon {
namespace {

using namespace std::chrono_literals;
using telemetry::write_log;

constexpr auto stop_limit = 2s;

void log_defect(const std::string& what)
{
    write_log(LogLevel::error, "a task ended by an exception: report this", {{"what", what}});
}

void log_failure(const std::exception_ptr& failure)
{
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& e) {
        log_defect(e.what());
    } catch (...) {
        log_defect("unknown exception");
    }
}

std::vector<net::Listener> open_all(
    asio::io_context& context, const std::vector<SocketAddress>& addresses)
{
    std::vector<net::Listener> listeners;
    for (const auto& address : addresses)
        listeners.emplace_back(context, address);
    return listeners;
}

telemetry::Metrics make_metrics(const config::Config& config, std::string_view version)
{
    std::vector<std::string> names;
    for (const auto& master : config.masters)
        names.push_back(master.name);
    std::vector<std::string> sentinels;
    for (const auto& address : config.sentinels.addresses)
        sentinels.push_back(to_string(address));
    return {std::move(names), std::move(sentinels), version};
}

net::SessionLimits session_limits(const config::Spop& spop)
{
    return {spop.max_frame_size, spop.hello_timeout, spop.frame_timeout, spop.write_timeout};
}

// The running agent. One control thread, the caller's: Sentinels, verdicts, HTTP, accepting.
// And `threads` workers that only answer frames.
class Daemon {
public:
    Daemon(const config::Config& config, net::ConnectionLimits limits, std::string_view version)
        : spop_listeners_(open_all(context_, config.spop.listen)),
          http_listeners_(open_all(context_, config.http.listen)),
          metrics_(make_metrics(config, version)),
          workers_(
              config.spop.threads, first_snapshot(config), config.sentinels.vote_ttl,
              session_limits(config.spop), limits, log_defect),
          pressure_log_(limits),
          events_(context_.get_executor(), config.masters.size(), metrics_),
          control_(
              context_.get_executor(), config, metrics_, events_,
              [this](const std::shared_ptr<const agent::Snapshot>& snapshot) {
                  workers_.publish(snapshot);
              },
              [this](std::size_t name) { return workers_.connections_sent(name); })
    {}

    void run()
    {
        const auto on_trouble = [this](const error_code&) { metrics_.count_accept_error(); };
        for (auto& listener : spop_listeners_)
            listening_.spawn(listener.run([this] { return workers_.next(); }, on_trouble));
        for (auto& listener : http_listeners_)
            listening_.spawn(listener.run([this] { return http_taker(); }, on_trouble));
        tasks_.spawn(look_each_second());
        control_.start(tasks_);
        tasks_.spawn(report_to(
            service_manager_,
            {[this]() -> const Control& { return control_; },
             [this] { return workers_.all_turned(); }}));
        asio::co_spawn(context_, stop_on_signal(), [this](const std::exception_ptr& failure) {
            if (failure)
                log_failure(failure);
            context_.stop();
        });
        context_.run();
        // What did not end in time is cancelled once more: tasks refer to members of ours.
        cancel_all();
        context_.restart();
        context_.run_for(500ms);
        if (anything_running())
            leave();
    }

private:
    // The system's name look-up cannot be cancelled, and everything that waits for one would keep
    // us for as long as a dead name server likes. Nothing else is left to do.
    [[noreturn]] void leave()
    {
        spop_listeners_.clear();  // removes the files of UNIX sockets
        http_listeners_.clear();
        write_log(LogLevel::info, "a name look-up is still under way; not waiting for it");
        std::quick_exit(EXIT_SUCCESS);
    }

    net::Taker http_taker()
    {
        return {
            context_, [this](net::StreamSocket socket) { http_server_.take(std::move(socket)); }};
    }

    void cancel_all()
    {
        listening_.cancel();
        http_server_.cancel();
        tasks_.cancel();
    }

    bool anything_running() const
    {
        return listening_.size() + http_server_.size() + tasks_.size() > 0;
    }

    std::string metrics_text()
    {
        metrics_.set_event_readers(events_.readers());
        return metrics_.serialize(workers_.tallies());
    }

    std::uint64_t waiting_connections(std::size_t name) const
    {
        std::uint64_t waiting = 0;
        for (const auto* const tally : workers_.tallies())
            waiting += tally->waits[name].open();
        return waiting;
    }

    asio::awaitable<void> look_each_second()
    {
        asio::steady_timer pause(context_);
        for (;;) {
            pause.expires_after(1s);
            const auto [cancelled] = co_await pause.async_wait(net::as_result);
            if (cancelled)
                co_return;
            telemetry::write_held_back();
            pressure_log_.look(
                {.refused = workers_.refused_connections(),
                 .accept_errors = metrics_.accept_errors(),
                 .seats_free = workers_.seats().free() > 0,
                 .full = workers_.is_full()});
        }
    }

    asio::awaitable<void> stop_on_signal()
    {
        asio::signal_set signals(context_, SIGINT, SIGTERM, SIGHUP);
        for (;;) {
            const auto [error, signal] = co_await signals.async_wait(net::as_result);
            if (error || signal != SIGHUP)
                break;
            write_log(
                LogLevel::warning, "SIGHUP: restart the agent to apply a changed configuration");
        }
        service_manager_.stopping();
        write_log(
            LogLevel::info,
            "stopping",
            {{"connections", std::to_string(workers_.open_connections())}});
        cancel_all();
        workers_.stop();

        const auto limit = std::chrono::steady_clock::now() + stop_limit;
        asio::steady_timer pause(context_);
        while ((anything_running() || workers_.open_connections() > 0) &&
               std::chrono::steady_clock::now() < limit) {
            pause.expires_after(5ms);
            co_await pause.async_wait(net::as_result);
        }
        write_log(
            LogLevel::info, "stopped", {{"dropped", std::to_string(workers_.open_connections())}});
    }

    ServiceManager service_manager_;  // first: there are no threads yet
    asio::io_context context_{1};
    std::vector<net::Listener> spop_listeners_;
    std::vector<net::Listener> http_listeners_;
    telemetry::Metrics metrics_;
    net::SpopWorkers workers_;
    PressureLog pressure_log_;
    EventFeed events_;
    Control control_;
    const PageSources page_sources_{
        control_,
        events_,
        [this] { return metrics_text(); },
        [this](std::size_t name) { return waiting_connections(name); }};
    net::TaskGroup listening_{context_.get_executor(), log_failure};
    net::HttpServer http_server_{
        context_.get_executor(),
        [this](const net::HttpRequest& request) { return answer_page(page_sources_, request); },
        net::HttpLimits{.connections = most_http_connections},
        log_failure};
    net::TaskGroup tasks_{context_.get_executor(), log_failure};
};

}  // namespace

void run(const config::Config& config, std::string_view version)
{
    telemetry::set_up_log(config.log.level, config.log.format);
    const auto limits = provide_descriptors(config);
    Daemon daemon(config, limits, version);
    std::string addresses;
    for (const auto& address : config.spop.listen)
        addresses += (addresses.empty() ? "" : " ") + to_string(address);
    write_log(
        LogLevel::info,
        "sentinel-spoa " + std::string(version) + " started",
        {{"spop", addresses},
         {"names", std::to_string(config.masters.size())},
         {"sentinels", std::to_string(config.sentinels.addresses.size())},
         {"threads", std::to_string(config.spop.threads)}});
    daemon.run();
}

}  // namespace spoa::daemon
