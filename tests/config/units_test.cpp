#include "config/units.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace spoa::config;
using namespace std::chrono_literals;

TEST_SUITE("config/units")
{
    TEST_CASE("a duration is a whole number and a unit")
    {
        const std::vector<std::pair<std::string, std::chrono::milliseconds>> cases{
            {"1ms", 1ms},
            {"500ms", 500ms},
            {"2s", 2s},
            {"5m", 5min},
            {"1h", 1h},
            {"007s", 7s},
            {"8760h", 8760h},
            {"0", 0ms},
            {"0s", 0ms}};
        for (const auto& entry : cases) {
            const auto& text = entry.first;
            const auto& duration = entry.second;
            CAPTURE(text);
            CHECK(parse_duration(text).value() == duration);
        }
    }

    TEST_CASE("what is no duration is told with what to write instead")
    {
        const std::vector<std::pair<std::string, std::string>> cases{
            {"", "is empty"},
            {"500", "write a unit: 500ms, 500s"},
            {"ms", "is not a duration"},
            {"-5s", "is not a duration"},
            {"+5s", "is not a duration"},
            {" 5s", "is not a duration"},
            {"soon", "write a whole number and a unit (ms, s, m or h)"},
            {"1.5s", "is not a whole number"},
            {"1,5s", "is not a whole number"},
            {"5 s", "write it without a blank: 5s"},
            {"5sec", "has no known unit"},
            {"5d", "has no known unit"},
            {"5S", "has no known unit"},
            {"5us", "has no known unit"},
            {"5 ", "has no known unit"},
            {"1s500ms", "has no known unit"},
            {"8761h", "too long"},
            {"9223372036854775807h", "too long"},
            {"9223372036854775808ms", "too long"}};
        for (const auto& entry : cases) {
            const auto& text = entry.first;
            const auto& words = entry.second;
            CAPTURE(text);
            const auto duration = parse_duration(text);
            REQUIRE(duration.has_error());
            CAPTURE(duration.error().text);
            CHECK(duration.error().text.find(words) != std::string::npos);
        }
    }

    TEST_CASE("a duration is written as people write it")
    {
        const std::vector<std::pair<std::chrono::milliseconds, std::string>> cases{
            {0ms, "0ms"},
            {500ms, "500ms"},
            {1500ms, "1500ms"},
            {2s, "2s"},
            {60s, "60s"},
            {90s, "90s"},
            {5min, "5m"},
            {1h, "1h"},
            {90min, "90m"}};
        for (const auto& entry : cases) {
            const auto& duration = entry.first;
            const auto& text = entry.second;
            CHECK(to_string(duration) == text);
            CHECK(parse_duration(text).value() == duration);
        }
    }

    TEST_CASE("a size is a whole number and a unit, of 1000 or 1024")
    {
        CHECK(parse_size("0").value() == 0);
        CHECK(parse_size("4096B").value() == 4096);
        CHECK(parse_size("1KiB").value() == 1'024);
        CHECK(parse_size("1MiB").value() == 1'048'576);
        CHECK(parse_size("2GiB").value() == 2'147'483'648);
        CHECK(parse_size("1kB").value() == 1'000);
        CHECK(parse_size("1MB").value() == 1'000'000);
        CHECK(parse_size("3GB").value() == 3'000'000'000);
        for (const auto* const text :
             {"",
              "1",
              "MiB",
              "-1MiB",
              "1 MiB",
              "1mib",
              "1.5MiB",
              "1025GiB",
              "99999999999999999999B"}) {
            CAPTURE(text);
            CHECK(parse_size(text).has_error());
        }
    }

    TEST_CASE("a size is written as it is read")
    {
        CHECK(size_text(0) == "0B");
        CHECK(size_text(1'048'576) == "1MiB");
        CHECK(size_text(1'048'577) == "1048577B");
        CHECK(size_text(1'536) == "1536B");
        CHECK(size_text(3'221'225'472) == "3GiB");
    }
}
