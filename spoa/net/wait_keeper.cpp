#include "net/wait_keeper.hpp"

#include "agent/late_answers.hpp"
#include "net/timeout.hpp"

#include <algorithm>

namespace asio = boost::asio;

namespace spoa::net {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t chunk = 32;
constexpr auto chunk_period = 1ms;
// How late a wait may be noticed that began after the last look and is shorter than this.
constexpr auto look_period = 50ms;

}  // namespace

asio::awaitable<void> WaitKeeper::run()
{
    for (;;) {
        const auto now = std::chrono::steady_clock::now();
        desk_.stale = clock_.is_stale(now);
        const bool more = agent::answer_some(desk_, now, chunk);
        const auto at_latest = now + (more ? chunk_period : look_period);
        timer_.expires_at(std::min(at_latest, desk_.waiting.next_deadline().value_or(at_latest)));
        co_await timer_.async_wait(as_result);
        const auto cancelled = (co_await asio::this_coro::cancellation_state).cancelled();
        if (cancelled != asio::cancellation_type::none)
            co_return;
    }
}

void WaitKeeper::look_now()
{
    if (!desk_.waiting.empty())
        timer_.cancel();
}

}  // namespace spoa::net
