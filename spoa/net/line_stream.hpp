#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace spoa::net {

// Lines on their way to one reader of an endless response. Who writes never waits: a reader that
// is too far behind is dropped. Lines are shared, so that many readers cost little more than one.
// For one thread.
class LineStream {
public:
    using Line = std::shared_ptr<const std::string>;  // with its '\n'

    struct Settings {
        std::size_t most_waiting = 64 << 10;      // bytes that may wait for the reader
        std::chrono::milliseconds period{1'000};  // of the heartbeat
        std::function<std::string()> heartbeat;   // makes the line of one
    };

    LineStream(const boost::asio::any_io_executor& executor, Settings settings)
        : settings_(std::move(settings)), wake_(executor), heartbeat_due_(Clock::now())
    {}

    // False when too much waits for the reader: he is dropped.
    bool push(Line line);

    // Nothing comes any more.
    void end();

    bool dropped() const { return dropped_; }

    // What the reader is to get next: all that waits, and a heartbeat when it is time for one, the
    // first at once. Empty when he is dropped or the task is cancelled.
    boost::asio::awaitable<std::string> next();

private:
    using Clock = std::chrono::steady_clock;

    Settings settings_;
    boost::asio::steady_timer wake_;
    Clock::time_point heartbeat_due_;
    std::vector<Line> waiting_;
    std::size_t bytes_waiting_ = 0;
    bool dropped_ = false;
};

}  // namespace spoa::net
