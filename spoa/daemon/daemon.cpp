#include "daemon/daemon.hpp"

#include "base/peer_text.hpp"
#include "daemon/descriptors.hpp"
#include "daemon/service_report.hpp"
#include "net/listener.hpp"
#include "net/timeout.hpp"
#include "telemetry/log.hpp"

#include <boost/asio/steady_timer.hpp>

#include <csignal>
#include <cstdlib>

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

telemetry::Metrics make_metrics(const config::Config& config, std::string_view version)
{
    std::vector<std::string> names;
    for (const auto& master : config.masters)
        names.push_back(master.name);
    std::vector<std::string> sentinels;
    for (const auto& address : config.sentinels.addresses)
        sentinels.push_back(to_string(address));
    return {std::move(names), sentinels, version};
}

}  // namespace

void Daemon::log_failure(const std::exception_ptr& failure)
{
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& e) {
        log_defect(e.what());
    } catch (...) {
        log_defect("unknown exception");
    }
}

// What the process before us knew of the names. The secrets that it hid stay hidden.
std::string Daemon::inherited_memory()
{
    auto text = predecessor_.take_memory();
    for (const auto& part : telemetry::decode_hidden(text))
        hide_secret(part);
    return text;
}

net::SessionLimits Daemon::session_limits(const config::Spop& spop)
{
    return {spop.max_frame_size, spop.hello_timeout, spop.frame_timeout, spop.write_timeout};
}

Daemon::Daemon(
    config::Config config_in_force, std::filesystem::path file, net::ConnectionLimits limits,
    std::string_view version)
    : file_(std::move(file)),
      config_(std::move(config_in_force)),
      metrics_(make_metrics(config_, version)),
      workers_(
          config_.spop.threads,
          agent::make_snapshot(std::make_shared<agent::NameIndex>(std::vector<std::string>())),
          config_.sentinels.vote_ttl, session_limits(config_.spop), limits, log_defect),
      pressure_log_(limits),
      events_(context_.get_executor(), metrics_),
      control_(
          context_.get_executor(), config_, metrics_, events_,
          [this](const std::shared_ptr<const agent::Snapshot>& snapshot) {
              workers_.publish(snapshot);
          },
          [this](std::size_t name) { return workers_.connections_sent(name); },
          telemetry::decode_memory(inherited_memory()))
{
    signals_.add(SIGUSR2);
    set_http_hosts();
}

void Daemon::run()
{
    if (predecessor_.is_there())
        tasks_.spawn(serve_when_ready());
    else {
        serve();
        start_reports();
    }
    tasks_.spawn(look_each_second());
    control_.start(tasks_);
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

void Daemon::serve()
{
    const auto on_trouble = [this](const error_code&) { metrics_.count_accept_error(); };
    spop_doors_.start(listening_, [this, on_trouble](net::Listener& listener) {
        return listener.run([this] { return workers_.next(); }, on_trouble);
    });
    http_doors_.start(listening_, [this, on_trouble](net::Listener& listener) {
        return listener.run([this] { return http_taker(); }, on_trouble);
    });
    control_.start_twemproxies(tasks_);
}

// What a listener is configured by is a name of ours, too.
void Daemon::set_http_hosts()
{
    auto names = config_.http.hosts;
    for (const auto& address : config_.http.listen)
        if (address.unix_path.empty() && ip_version(address.tcp.host) == IpVersion::none)
            names.push_back(address.tcp.host);
    http_server_.set_hosts(names);
}

void Daemon::start_reports()
{
    tasks_.spawn(report_to(
        service_manager_,
        {[this]() -> const Control& { return control_; },
         [this] { return workers_.all_turned(); }}));
}

// Whatever cannot be cancelled would keep us for as long as it likes. Nothing else is left to do.
void Daemon::leave()
{
    spop_doors_.clear();  // removes the files of UNIX sockets
    http_doors_.clear();
    write_log(LogLevel::info, "something is still under way; not waiting for it");
    telemetry::flush_log();
    std::quick_exit(EXIT_SUCCESS);
}

net::Taker Daemon::http_taker()
{
    return [this](Descriptor connection) { http_server_.take(std::move(connection)); };
}

void Daemon::cancel_all()
{
    listening_.cancel();
    http_server_.cancel();
    tasks_.cancel();
}

bool Daemon::anything_running() const
{
    return listening_.size() + http_server_.size() + tasks_.size() > 0;
}

std::string Daemon::metrics_text()
{
    metrics_.set_event_readers(events_.readers());
    metrics_.set_dropped_log_lines(telemetry::dropped_log_lines());
    return metrics_.serialize(workers_.tallies(), control_.reads());
}

std::uint64_t Daemon::waiting_connections(std::size_t name) const
{
    std::uint64_t waiting = 0;
    for (const auto* const tally : workers_.tallies())
        waiting += tally->waits[name].open();
    return waiting;
}

asio::awaitable<void> Daemon::look_each_second()
{
    asio::steady_timer pause(context_);
    for (;;) {
        pause.expires_after(1s);
        const auto [cancelled] = co_await pause.async_wait(net::as_result);
        if (cancelled)
            co_return;
        metrics_.set_held_lines(telemetry::write_held_back());
        spop_doors_.sweep();
        http_doors_.sweep();
        pressure_log_.look(
            {.refused = workers_.refused_connections(),
             .accept_errors = metrics_.accept_errors(),
             .seats_free = workers_.seats().free() > 0,
             .full = workers_.is_full()});
    }
}

asio::awaitable<void> Daemon::stop_on_signal()
{
    for (;;) {
        const auto [error, signal] = co_await signals_.async_wait(net::as_result);
        if (!error && signal == SIGHUP)
            reload();
        else if (!error && signal == SIGUSR2)
            start_successor();
        else
            break;
    }
    service_manager_.stopping();
    write_log(
        LogLevel::info, "stopping", {{"connections", std::to_string(workers_.open_connections())}});
    cancel_all();
    workers_.stop(serves_after_us_ ? net::Heir(successor_.channel()) : net::Heir());

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

}  // namespace spoa::daemon
