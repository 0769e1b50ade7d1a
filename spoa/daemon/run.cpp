#include "daemon/run.hpp"

#include "config/load.hpp"
#include "daemon/control.hpp"
#include "daemon/descriptors.hpp"
#include "daemon/doors.hpp"
#include "daemon/pages.hpp"
#include "daemon/pressure_log.hpp"
#include "daemon/reload_log.hpp"
#include "daemon/service_manager.hpp"
#include "daemon/service_report.hpp"
#include "daemon/upgrade.hpp"
#include "net/hand_over.hpp"
#include "net/listener.hpp"
#include "net/spop_workers.hpp"
#include "net/task_group.hpp"
#include "net/timeout.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <vector>

namespace asio = boost::asio;

namespace spoa::daemon {
namespace {

using namespace std::chrono_literals;
using telemetry::write_log;

constexpr auto stop_limit = 2s;
constexpr auto ready_limit = 5s;  // of a new process, for its Sentinels to be heard
// The service manager hears the new process once the old one has told it, which nobody confirms.
constexpr auto until_main_process = 200ms;

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
    Daemon(
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
              [this](std::size_t name) { return workers_.connections_sent(name); })
    {
        signals_.add(SIGUSR2);
    }

    void run()
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

private:
    void serve()
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

    void start_reports()
    {
        tasks_.spawn(report_to(
            service_manager_,
            {[this]() -> const Control& { return control_; },
             [this] { return workers_.all_turned(); }}));
    }

    // After an upgrade: nobody is let in before every name has its verdict, or what can be had of
    // them within the limit.
    asio::awaitable<void> serve_when_ready()
    {
        const auto limit = std::chrono::steady_clock::now() + ready_limit;
        asio::steady_timer pause(context_);
        while (!control_.knows_all() && std::chrono::steady_clock::now() < limit) {
            pause.expires_after(5ms);
            const auto [cancelled] = co_await pause.async_wait(net::as_result);
            if (cancelled)
                co_return;
        }
        serve();
        if (auto channel = predecessor_.take_channel(); channel.get() >= 0)
            tasks_.spawn(take_over(std::move(channel)));
        predecessor_.relieve();
        write_log(LogLevel::info, "upgrade: this process serves, the one before drains");
        pause.expires_after(until_main_process);
        if (const auto [cancelled] = co_await pause.async_wait(net::as_result); !cancelled)
            start_reports();
    }

    // HAProxy's connections to the process before us go on here.
    asio::awaitable<void> take_over(Descriptor channel)
    {
        const auto taken = co_await net::take_over(
            asio::posix::stream_descriptor(context_, channel.release()),
            [this](Descriptor connection, agent::HandOver state) {
                workers_.go_on(std::move(connection), std::move(state));
            });
        write_log(
            taken.bad > 0 ? LogLevel::warning : LogLevel::info,
            "upgrade: HAProxy's connections were handed over",
            {{"connections", std::to_string(taken.connections)},
             {"unusable", std::to_string(taken.bad)}});
    }

    void start_successor()
    {
        if (successor_.is_starting()) {
            write_log(LogLevel::warning, "upgrade: one is under way already");
            return;
        }
        std::vector<std::pair<SocketAddress, int>> sockets;
        for (const auto* const doors : {&spop_doors_, &http_doors_})
            for (const auto& door : doors->all())
                sockets.emplace_back(door.address, door.listener->native_handle());
        try {
            successor_.start(
                {program_, "-f", file_.string()},
                sockets,
                service_manager_.environment(),
                [this](bool serves) { on_successor(serves); });
        } catch (const std::exception& e) {
            write_log(LogLevel::error, "upgrade: this process goes on", {{"reason", e.what()}});
            return;
        }
        write_log(
            LogLevel::info,
            "upgrade: a new process starts",
            {{"program", program_}, {"pid", std::to_string(successor_.pid())}});
    }

    void on_successor(bool serves)
    {
        if (!serves) {
            write_log(
                LogLevel::error,
                "upgrade: this process goes on",
                {{"reason", "the new one did not come to serve; its own lines say why"}});
            return;
        }
        serves_after_us_ = true;
        service_manager_.main_process(successor_.pid());
        control_.stop_twemproxies();
        spop_doors_.hand_over();
        http_doors_.hand_over();
        listening_.cancel();
        tasks_.spawn(stop_when_nobody_waits());
    }

    // Whoever waits for a verdict gets it from us, or is told at the end of his time.
    asio::awaitable<void> stop_when_nobody_waits()
    {
        const auto limit = std::chrono::steady_clock::now() + config::longest_wait(config_);
        asio::steady_timer pause(context_);
        while (somebody_waits() && std::chrono::steady_clock::now() < limit) {
            pause.expires_after(5ms);
            const auto [cancelled] = co_await pause.async_wait(net::as_result);
            if (cancelled)
                co_return;
        }
        ::kill(::getpid(), SIGTERM);
    }

    bool somebody_waits() const
    {
        return std::ranges::any_of(control_.names(), [this](const auto& name) {
            return waiting_connections(name.place) > 0;
        });
    }

    // The system's name look-up cannot be cancelled, and everything that waits for one would keep
    // us for as long as a dead name server likes. Nothing else is left to do.
    [[noreturn]] void leave()
    {
        spop_doors_.clear();  // removes the files of UNIX sockets
        http_doors_.clear();
        write_log(LogLevel::info, "a name look-up is still under way; not waiting for it");
        std::quick_exit(EXIT_SUCCESS);
    }

    net::Taker http_taker()
    {
        return [this](Descriptor connection) { http_server_.take(std::move(connection)); };
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
        return metrics_.serialize(workers_.tallies(), control_.reads());
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
            spop_doors_.sweep();
            http_doors_.sweep();
            pressure_log_.look(
                {.refused = workers_.refused_connections(),
                 .accept_errors = metrics_.accept_errors(),
                 .seats_free = workers_.seats().free() > 0,
                 .full = workers_.is_full()});
        }
    }

    // Reads the file anew and puts it in force, whole or not at all.
    void reload()
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
        reload_report_ = {trouble, telemetry::Moment().steady};
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
    std::string put_in_force(config::Loaded loaded, std::size_t& changed)
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
        telemetry::change_log(config_.log.level, config_.log.format);
        const auto limits = provide_descriptors(config_);
        workers_.set_limits(config_.sentinels.vote_ttl, session_limits(config_.spop), limits);
        pressure_log_.set_limits(limits);
        return {};
    }

    asio::awaitable<void> stop_on_signal()
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
            LogLevel::info,
            "stopping",
            {{"connections", std::to_string(workers_.open_connections())}});
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

    // First: there are no threads yet.
    ServiceManager service_manager_;
    Predecessor predecessor_;
    // Where the program is, also when another file is there by then.
    const std::string program_ = std::filesystem::read_symlink("/proc/self/exe").string();
    asio::io_context context_{1};
    asio::signal_set signals_{context_, SIGINT, SIGTERM, SIGHUP};  // before anything is said
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

}  // namespace

void run(const config::Config& config, const std::filesystem::path& file, std::string_view version)
{
    telemetry::set_up_log(config.log.level, config.log.format);
    const auto limits = provide_descriptors(config);
    Daemon daemon(config, file, limits, version);
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
