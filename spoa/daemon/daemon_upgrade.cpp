// How one process takes over from another while both run.
#include "base/peer_text.hpp"
#include "daemon/daemon.hpp"
#include "net/hand_over.hpp"
#include "net/listener.hpp"
#include "net/timeout.hpp"
#include "telemetry/log.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <unistd.h>

#include <algorithm>
#include <csignal>

namespace asio = boost::asio;

namespace spoa::daemon {
namespace {

using namespace std::chrono_literals;
using telemetry::write_log;

constexpr auto ready_limit = 5s;  // of a new process, for its Sentinels to be heard
// The service manager hears the new process once the old one has told it, which nobody confirms.
constexpr auto until_main_process = 200ms;

}  // namespace

// After an upgrade: nobody is let in before every name has its verdict, or what can be had of
// them within the limit.
asio::awaitable<void> Daemon::serve_when_ready()
{
    const auto limit = std::chrono::steady_clock::now() + ready_limit;
    asio::steady_timer pause(context_);
    while (!control_.monitored().knows_all() && std::chrono::steady_clock::now() < limit) {
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
asio::awaitable<void> Daemon::take_over(Descriptor channel)
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

void Daemon::start_successor()
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
            telemetry::encode_memory(
                control_.monitored().saved_masters(std::chrono::steady_clock::now()),
                hidden_parts()),
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

void Daemon::on_successor(bool serves)
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
asio::awaitable<void> Daemon::stop_when_nobody_waits()
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

bool Daemon::somebody_waits() const
{
    return std::ranges::any_of(
        control_.names(), [this](const auto& name) { return waiting_connections(name.place) > 0; });
}

}  // namespace spoa::daemon
