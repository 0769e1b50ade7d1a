#include "daemon/service_report.hpp"

#include "net/timeout.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace asio = boost::asio;

namespace spoa::daemon {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto ready_limit = 1s;
constexpr auto until_ready_period = 5ms;
constexpr auto longest_pause = 1s;
constexpr std::size_t most_names_told = 5;

bool all_open(const Control& control)
{
    return std::ranges::all_of(
        control.names(), [](const auto& name) { return name.watch.verdict().open; });
}

// A third of what the manager waits for: a lost turn is not a restart.
Clock::duration pause_between(const ServiceManager& manager)
{
    const auto watchdog = manager.watchdog();
    return watchdog ? std::min<Clock::duration>(*watchdog / 3, longest_pause) : longest_pause;
}

std::string of(std::size_t some, std::size_t all)
{
    return std::to_string(some) + " of " + std::to_string(all);
}

}  // namespace

std::string service_status(const Control& control)
{
    const auto names = control.names();
    std::string closed;
    std::size_t count = 0;
    for (const auto& name : names) {
        if (name.watch.verdict().open)
            continue;
        if (++count <= most_names_told)
            closed += (closed.empty() ? "" : ", ") + name.watch.subject().name;
    }
    const auto sentinels = control.sentinels();
    const auto up = static_cast<std::size_t>(
        std::ranges::count_if(sentinels, [](const auto& each) { return each.up; }));
    auto sentence = of(names.size() - count, names.size()) +
                    " names have a master that may be used, " + of(up, sentinels.size()) +
                    " Sentinels answer";
    if (count > 0)
        sentence += "; without: " + closed + (count > most_names_told ? ", …" : "");
    return sentence;
}

asio::awaitable<void> report_to(const ServiceManager& manager, ServiceSources sources)
{
    asio::steady_timer timer(co_await asio::this_coro::executor);
    for (const auto limit = Clock::now() + ready_limit;
         !all_open(sources.control()) && Clock::now() < limit;) {
        timer.expires_after(until_ready_period);
        if (const auto [error] = co_await timer.async_wait(net::as_result); error)
            co_return;
    }
    manager.ready();
    const auto pause = pause_between(manager);
    for (std::string told;;) {
        if (auto now = service_status(sources.control()); now != told)
            manager.status(told = std::move(now));
        if (sources.all_turned())
            manager.alive();
        timer.expires_after(pause);
        if (const auto [error] = co_await timer.async_wait(net::as_result); error)
            co_return;
    }
}

}  // namespace spoa::daemon
