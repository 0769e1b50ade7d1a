#include "net/deadlines.hpp"

#include "net/timeout.hpp"

namespace spoa::net {

boost::asio::awaitable<void> Deadlines::run()
{
    for (;;) {
        timer_.expires_after(tick);
        const auto [error] = co_await timer_.async_wait(as_result);
        if (error)
            co_return;
        const auto now = Clock::now();
        for (auto* const deadline : deadlines_) {
            if (now < deadline->expiry_)
                continue;
            // Each time anew, until the session moves it: what it waited for may just have come,
            // and the next wait would have no limit.
            deadline->passed_ = true;
            deadline->socket_.cancel();
        }
    }
}

}  // namespace spoa::net
