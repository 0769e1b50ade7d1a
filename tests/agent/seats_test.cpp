#include "agent/seats.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

using spoa::agent::Seat;
using spoa::agent::Seats;

TEST_SUITE("agent/seats")
{
    TEST_CASE("there is a seat for as many as configured, and for the next when one leaves")
    {
        Seats seats(2);
        std::optional<Seat> first(&seats);
        Seat second(&seats);
        Seat third(&seats);
        CHECK(first->take());
        CHECK(second.take());
        CHECK_FALSE(third.take());
        CHECK(seats.free() == 0);
        first.reset();
        CHECK(third.take());
        CHECK(second.take());  // it has one already
        CHECK(seats.free() == 0);
    }

    TEST_CASE("who never took a seat gives none back")
    {
        Seats seats(1);
        {
            const Seat idle(&seats);
        }
        CHECK(seats.free() == 1);
    }

    TEST_CASE("without a limit everybody has a seat")
    {
        Seat seat(nullptr);
        CHECK(seat.take());
    }

    TEST_CASE("threads never share a seat and lose none")
    {
        Seats seats(3);
        std::atomic<int> seated{0};
        std::atomic<int> most{0};
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&] {
                for (int round = 0; round < 10'000; ++round) {
                    Seat seat(&seats);
                    if (!seat.take())
                        continue;
                    const int now = ++seated;
                    int known = most;
                    while (known < now && !most.compare_exchange_weak(known, now)) {
                    }
                    --seated;
                }
            });
        threads.clear();
        CHECK(most <= 3);
        CHECK(seats.free() == 3);
    }
}
