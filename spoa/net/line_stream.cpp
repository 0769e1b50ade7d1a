#include "net/line_stream.hpp"

#include "net/timeout.hpp"

#include <utility>

namespace spoa::net {

bool LineStream::push(Line line)
{
    bytes_waiting_ += line->size();
    if (bytes_waiting_ > settings_.most_waiting) {
        dropped_ = true;
        waiting_.clear();
    } else {
        waiting_.push_back(std::move(line));
    }
    wake_.cancel();
    return !dropped_;
}

void LineStream::end()
{
    dropped_ = true;
    waiting_.clear();
    wake_.cancel();
}

boost::asio::awaitable<std::string> LineStream::next()
{
    while (!dropped_) {
        std::string text;
        text.reserve(bytes_waiting_);
        for (const auto& line : waiting_)
            text += *line;
        waiting_.clear();
        bytes_waiting_ = 0;
        if (const auto now = Clock::now(); now >= heartbeat_due_) {
            heartbeat_due_ = now + settings_.period;
            text += settings_.heartbeat();
        }
        if (!text.empty())
            co_return text;
        wake_.expires_at(heartbeat_due_);
        co_await wake_.async_wait(as_result);
        const auto cancelled = co_await boost::asio::this_coro::cancellation_state;
        if (cancelled.cancelled() != boost::asio::cancellation_type::none)
            break;
    }
    co_return std::string();
}

}  // namespace spoa::net
