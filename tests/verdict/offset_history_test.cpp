#include "verdict/offset_history.hpp"

#include "verdict/votes.hpp"

#include <doctest/doctest.h>

using namespace spoa;
using spoa::test::at;
using verdict::OffsetHistory;

namespace {

// A master that was asked at 0, 200 and 400 ms and had written 100, 200 and 300 bytes.
OffsetHistory written()
{
    OffsetHistory history;
    history.note(at(0), 100);
    history.note(at(200), 200);
    history.note(at(400), 300);
    return history;
}

}  // namespace

TEST_SUITE("verdict/offset_history")
{
    TEST_CASE("a replica has all that was written before the last offset that it has taken")
    {
        const auto history = written();
        CHECK(history.complete_until(300) == at(400));
        CHECK(history.complete_until(1000) == at(400));
        CHECK(history.complete_until(299) == at(200));
        CHECK(history.complete_until(200) == at(200));
        CHECK(history.complete_until(100) == at(0));
        CHECK_FALSE(history.complete_until(99).has_value());
        CHECK_FALSE(OffsetHistory().complete_until(99).has_value());
    }

    TEST_CASE("a replica is measured against what the master had written when it was asked")
    {
        const auto history = written();
        CHECK(history.bytes_behind(at(399), 150) == 50);
        CHECK(history.bytes_behind(at(400), 150) == 150);
        CHECK(history.bytes_behind(at(9000), 300) == 0);
        CHECK(history.bytes_behind(at(9000), 400) == 0);
        CHECK_FALSE(history.bytes_behind(at(-1), 150).has_value());
    }

    TEST_CASE("an offset that falls begins another history")
    {
        auto history = written();
        history.note(at(600), 50);
        CHECK_FALSE(history.complete_until(49).has_value());
        CHECK(history.complete_until(300) == at(600));
        CHECK_FALSE(history.bytes_behind(at(500), 0).has_value());
    }

    TEST_CASE("while nothing is written, time goes on")
    {
        auto history = written();
        for (int i = 3; i < 100'000; ++i)
            history.note(at(200 * i), 300);
        CHECK(history.complete_until(300) == at(200 * 99'999));
        CHECK(history.complete_until(299) == at(200));
        CHECK(history.bytes_behind(at(450), 250) == 50);
    }

    TEST_CASE("what is long ago is known more coarsely, and never as younger than it is")
    {
        OffsetHistory history;
        constexpr int samples = 3'000;  // ten minutes
        for (int i = 1; i <= samples; ++i)
            history.note(at(200 * i), static_cast<std::uint64_t>(i));
        for (int i = samples - 100; i <= samples; ++i)
            CHECK(history.complete_until(static_cast<std::uint64_t>(i)) == at(200 * i));
        int known = 0;
        for (int i = 1; i <= samples; ++i)
            if (const auto until = history.complete_until(static_cast<std::uint64_t>(i))) {
                CHECK(*until <= at(200 * i));
                ++known;
            }
        CHECK(known > samples - 10);
    }

    TEST_CASE("an answer to an earlier question changes nothing")
    {
        auto history = written();
        history.note(at(400), 500);
        CHECK(history.complete_until(500) == at(400));
        CHECK(history.bytes_behind(at(400), 0) == 300);
    }
}
