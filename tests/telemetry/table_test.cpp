#include "telemetry/table.hpp"

#include <doctest/doctest.h>

#include <iterator>
#include <sstream>
#include <string>
#include <vector>

using namespace spoa;
using namespace spoa::telemetry;

namespace {

const std::vector<Row> rows{{"NAME", "STATE", "SINCE"}, {"orders", "ok", "2026-11-23"}};

}  // namespace

TEST_SUITE("telemetry/table")
{
    TEST_CASE("columns are as wide as their widest cell, and the last is not padded")
    {
        CHECK(aligned(rows) == "NAME    STATE  SINCE\norders  ok     2026-11-23\n");
        CHECK(aligned({}).empty());
    }

    TEST_CASE("colour does not move a column, and is not there unless it is wanted")
    {
        const Paint paint = [](const Row&, std::size_t column) {
            return column == 1 ? green : std::string_view();
        };
        CHECK(
            fitted(rows, {}, {.colour = true}, paint) ==
            "NAME    \x1b[32mSTATE\x1b[0m  SINCE\norders  \x1b[32mok\x1b[0m     2026-11-23\n");
        CHECK(fitted(rows, {}, {.colour = false}, paint) == aligned(rows));
    }

    TEST_CASE("columns that may be missing go one by one until the rest fits")
    {
        CHECK(fitted(rows, {2, 1}, {.width = 25}, {}) == aligned(rows));
        CHECK(fitted(rows, {2, 1}, {.width = 24}, {}) == "NAME    STATE\norders  ok\n");
        CHECK(fitted(rows, {1, 2}, {.width = 18}, {}) == "NAME    SINCE\norders  2026-11-23\n");
        CHECK(fitted(rows, {1, 2}, {.width = 5}, {}) == "NAME\norders\n");
    }

    TEST_CASE("long lines are broken at spaces and go on further to the right")
    {
        CHECK(wrapped("one two three four\nshort\n", 9) == "one two\n    three\n    four\nshort\n");
        CHECK(wrapped("anything at all\n", 0) == "anything at all\n");
        CHECK(wrapped("unbreakable-word-of-a-line\n", 9) == "unbreakable-word-of-a-line\n");
    }

    TEST_CASE("nothing is lost, whatever the width")
    {
        const std::string text = "  why:     two of three Sentinels see the master as down\n\nx\n";
        std::istringstream expected(text);
        const std::vector<std::string> words{
            std::istream_iterator<std::string>(expected), std::istream_iterator<std::string>()};
        for (std::size_t width = 1; width < 70; ++width) {
            CAPTURE(width);
            std::istringstream in(wrapped(text, width));
            CHECK(
                words ==
                std::vector<std::string>{
                    std::istream_iterator<std::string>(in), std::istream_iterator<std::string>()});
        }
        for (std::size_t width = 20; width < 70; ++width) {
            CAPTURE(width);
            std::istringstream in(wrapped(text, width));
            for (std::string line; std::getline(in, line);)
                CHECK(line.size() <= width);
        }
    }
}
