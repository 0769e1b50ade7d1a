#pragma once

#include <atomic>
#include <cstddef>

namespace spoa::agent {

// How many connections are served at a time, by all workers together (`max_connections`). One
// that finds no seat is greeted all the same and told that there is no server: HAProxy 2.6 and 3.0
// answer a close in or after the handshake with thousands of new connections a second.
// For any thread.
class Seats {
public:
    explicit Seats(std::size_t count) : free_(count) {}

    bool take() noexcept
    {
        auto free = free_.load(std::memory_order_relaxed);
        while (free > 0)
            if (free_.compare_exchange_weak(free, free - 1, std::memory_order_relaxed))
                return true;
        return false;
    }
    void give_back() noexcept { free_.fetch_add(1, std::memory_order_relaxed); }
    std::size_t free() const noexcept { return free_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::size_t> free_;
};

// The seat of one connection, given back with it.
class Seat {
public:
    // Without `seats` there is one for everybody; else they must outlive it.
    explicit Seat(Seats* seats) : seats_(seats), taken_(seats == nullptr) {}
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;
    ~Seat()
    {
        if (taken_ && seats_)
            seats_->give_back();
    }

    // Whether the connection has one, after taking one where it had none and one is free.
    bool take() noexcept
    {
        taken_ = taken_ || seats_->take();
        return taken_;
    }

private:
    Seats* seats_;
    bool taken_;
};

}  // namespace spoa::agent
