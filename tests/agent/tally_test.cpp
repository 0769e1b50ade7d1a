#include "agent/tally.hpp"

#include "agent/verdicts.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <vector>

using namespace spoa;
using namespace std::chrono_literals;
using agent::FrameKind;
using agent::SpopError;
using agent::Tally;

namespace {

std::vector<std::uint64_t> buckets(const Tally& tally)
{
    std::vector<std::uint64_t> out;
    for (const auto& count : tally.durations)
        out.push_back(count.read());
    return out;
}

}  // namespace

TEST_SUITE("agent/tally")
{
    TEST_CASE("a count goes up")
    {
        agent::Count count;
        CHECK(count.read() == 0);
        count.add();
        count.add(4);
        CHECK(count.read() == 5);
        count.add(0);
        CHECK(count.read() == 5);
    }

    TEST_CASE("a new tally has a place for each name and counts nothing")
    {
        const Tally tally(3);
        CHECK(tally.verdicts.size() == 3);
        CHECK(test::counted(tally).empty());
        CHECK(tally.connections() == 0);
    }

    TEST_CASE("open connections are those opened and not closed, never less than none")
    {
        Tally tally(1);
        tally.connections_opened.add(3);
        tally.connections_closed.add();
        CHECK(tally.connections() == 2);
        tally.connections_closed.add(3);  // as a scrape may see it in between
        CHECK(tally.connections() == 0);
    }

    TEST_CASE("each kind of frame and each error is counted under its own name")
    {
        for (std::size_t i = 0; i < agent::frame_kind_names.size(); ++i) {
            Tally tally(1);
            tally.count(static_cast<FrameKind>(i));
            CHECK(test::counted(tally) == std::string(agent::frame_kind_names[i]) + "=1");
        }
        for (std::size_t i = 0; i < agent::spop_error_names.size(); ++i) {
            Tally tally(1);
            tally.count(static_cast<SpopError>(i));
            CHECK(
                test::counted(tally) == "error:" + std::string(agent::spop_error_names[i]) + "=1");
        }
        CHECK(agent::frame_kind_names[static_cast<std::size_t>(FrameKind::unknown)] == "unknown");
        CHECK(agent::spop_error_names[static_cast<std::size_t>(SpopError::internal)] == "internal");
    }

    TEST_CASE("a duration falls into the first bucket whose bound it does not exceed")
    {
        struct Case {
            std::chrono::nanoseconds took;
            std::size_t bucket;
        };
        const std::vector<Case> cases{
            {0ns, 0},
            {1us, 0},
            {1001ns, 1},
            {4us, 1},
            {4001ns, 2},
            {16us, 2},
            {64us, 3},
            {256us, 4},
            {1024us, 5},
            {4096us, 6},
            {16384us, 7},
            {16384001ns, 8},
            {1h, 8},
        };
        for (const auto& c : cases) {
            CAPTURE(c.took.count());
            Tally tally(1);
            tally.count_answers(1, c.took);
            std::vector<std::uint64_t> expected(Tally::duration_bounds.size() + 1, 0);
            expected[c.bucket] = 1;
            CHECK(buckets(tally) == expected);
        }
    }

    TEST_CASE("answers of one read all took as long as the read")
    {
        Tally tally(1);
        tally.count_answers(20, 3us);
        tally.count_answers(1, 1us);
        CHECK(buckets(tally) == std::vector<std::uint64_t>{1, 20, 0, 0, 0, 0, 0, 0, 0});
        CHECK(tally.duration_sum_ns.read() == 61'000);
    }
}
