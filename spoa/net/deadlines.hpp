#pragma once

#include "net/ready_sockets.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <list>

namespace spoa::net {

class Deadline;

// The time limits of all sessions of one worker, looked at by one timer: a hot loop moves its
// limit by an assignment, and ten thousand idle sessions cost one walk of a list.
// The price: a limit is noticed up to `tick` late. Single-threaded.
class Deadlines {
public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::chrono::milliseconds tick{250};

    explicit Deadlines(const boost::asio::any_io_executor& executor) : timer_(executor) {}

    // Cancels what the sessions whose limit has passed wait for. Runs until cancelled.
    boost::asio::awaitable<void> run();

private:
    friend class Deadline;
    boost::asio::steady_timer timer_;
    std::list<Deadline*> deadlines_;
};

// The limit of one session. When it passes, the wait of `socket` ends with
// operation_aborted and passed() is true, until the limit is moved.
class Deadline {
public:
    // Both must outlive it.
    Deadline(Deadlines& all, ReadySocket& socket)
        : all_(all), socket_(socket), place_(all.deadlines_.insert(all.deadlines_.end(), this))
    {}
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;
    ~Deadline() { all_.deadlines_.erase(place_); }

    void set(Deadlines::Clock::time_point expiry)
    {
        expiry_ = expiry;
        passed_ = false;
    }
    void extend(Deadlines::Clock::duration by) { set(Deadlines::Clock::now() + by); }
    void lift() { set(Deadlines::Clock::time_point::max()); }
    bool passed() const { return passed_; }

private:
    friend class Deadlines;
    Deadlines& all_;
    ReadySocket& socket_;
    std::list<Deadline*>::iterator place_;
    Deadlines::Clock::time_point expiry_ = Deadlines::Clock::time_point::max();
    bool passed_ = false;
};

}  // namespace spoa::net
