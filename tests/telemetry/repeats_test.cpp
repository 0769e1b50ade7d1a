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
            std::vector<Repeats::Held>{{"s1: down", LogLevel::warning, 412, {}}});
        CHECK(repeats.take_over(start + 20s).empty());
    }

    TEST_CASE("after a window lines are written again")
    {
        Repeats repeats;
        admitted(repeats, "s1: down", 6);
        repeats.take_over(start + 10s);
        CHECK(admitted(repeats, "s1: down", 6, start + 10s) == 5);
    }

    TEST_CASE("what the last one said is told with the number, and all that were held are counted")
    {
        Repeats repeats;
        const auto say = [&](std::string_view state) {
            const std::vector<telemetry::LogField> fields{{"state", std::string(state)}};
            return repeats.admit("mymaster: master R1", LogLevel::error, start, 2, fields);
        };
        CHECK(say("ok->switching"));
        CHECK(say("switching->ok"));
        CHECK_FALSE(say("ok->switching"));
        CHECK_FALSE(say("switching->ok"));
        CHECK(repeats.held() == 2);
        CHECK(
            repeats.take_over(start + 10s) ==
            std::vector<Repeats::Held>{
                {"mymaster: master R1", LogLevel::error, 2, {{"state", "switching->ok"}}}});
        CHECK(repeats.held() == 2);
    }

    TEST_CASE("messages without number take neither memory nor lines without limit")
    {
        Repeats repeats;
        int written = 0;
        for (int i = 0; i < 5'000; ++i)
            written += admitted(repeats, std::to_string(i), 1);
        CHECK(written == 1'005);
        const auto held = repeats.take_over(start + 10s);
        REQUIRE(held.size() == 1);
        CHECK(held[0].message == Repeats::others);
        CHECK(held[0].times == 3'995);
    }
}
