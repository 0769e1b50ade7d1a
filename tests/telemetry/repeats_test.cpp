#include "telemetry/repeats.hpp"

#include <doctest/doctest.h>

using namespace spoa;
using namespace std::chrono_literals;
using telemetry::Repeats;

namespace {

constexpr Repeats::TimePoint start{1h};

// How many of `times` lines are written, all at the same moment.
int admitted(
    Repeats& repeats, const std::string& message, int times, Repeats::TimePoint when = start)
{
    int count = 0;
    for (int i = 0; i < times; ++i)
        count += repeats.admit(message, LogLevel::warning, when) ? 1 : 0;
    return count;
}

}  // namespace

TEST_SUITE("telemetry/repeats")
{
    TEST_CASE("the first few of a message are written, and of each message")
    {
        Repeats repeats;
        CHECK(admitted(repeats, "s1: down", 417) == 5);
        CHECK(admitted(repeats, "s2: down", 3) == 3);
    }

    TEST_CASE("how many were held back is told once, when the window is over")
    {
        Repeats repeats;
        admitted(repeats, "s1: down", 417);
        admitted(repeats, "s2: down", 5);
        CHECK(repeats.take_over(start + 9'999ms).empty());
        CHECK(
            repeats.take_over(start + 10s) ==
            std::vector<Repeats::Held>{{"s1: down", LogLevel::warning, 412}});
        CHECK(repeats.take_over(start + 20s).empty());
    }

    TEST_CASE("after a window lines are written again")
    {
        Repeats repeats;
        admitted(repeats, "s1: down", 6);
        repeats.take_over(start + 10s);
        CHECK(admitted(repeats, "s1: down", 6, start + 10s) == 5);
    }

    TEST_CASE("messages without number take no memory without limit, and are not lost")
    {
        Repeats repeats;
        for (int i = 0; i < 5'000; ++i)
            CHECK(admitted(repeats, std::to_string(i), 1) == 1);
        CHECK(admitted(repeats, "4999", 100) == 100);
    }
}
