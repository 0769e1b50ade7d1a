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
    explicit Seats(std::size_t count) : free_(signed_of(count)), count_(count) {}

    // As many from now on; whoever sits stays. For one thread.
    void resize(std::size_t count) noexcept
    {
        free_.fetch_add(signed_of(count) - signed_of(count_), std::memory_order_relaxed);
        count_ = count;
    }

    bool take() noexcept
    {
        auto free = free_.load(std::memory_order_relaxed);
        while (free > 0)
            if (free_.compare_exchange_weak(free, free - 1, std::memory_order_relaxed))
                return true;
        return false;
    }
    void give_back() noexcept { free_.fetch_add(1, std::memory_order_relaxed); }
    std::size_t free() const noexcept
    {
        const auto free = free_.load(std::memory_order_relaxed);
        return free > 0 ? static_cast<std::size_t>(free) : 0;
    }

private:
    static std::ptrdiff_t signed_of(std::size_t count)
    {
        return static_cast<std::ptrdiff_t>(count);
    }

    std::atomic<std::ptrdiff_t> free_;  // below 0 while more sit than there are seats
    std::size_t count_;
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
