#include "telemetry/memory.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace spoa;
using telemetry::decode_memory;
using telemetry::encode_memory;
using telemetry::Remembered;

TEST_SUITE("telemetry/memory")
{
    TEST_CASE("what was remembered comes back")
    {
        const std::vector<Remembered> all{
            {"mymaster", {"10.0.0.1", 6379}, 7}, {"six", {"2001:db8::1", 6380}, 0}};
        CHECK(decode_memory(encode_memory(all)) == all);
        CHECK(decode_memory(encode_memory({})) == std::vector<Remembered>{});
    }

    TEST_CASE("every torn file is recognized")
    {
        const auto whole = encode_memory({{"mymaster", {"10.0.0.1", 6379}, 7}});
        for (std::size_t size = 0; size + 2 < whole.size(); ++size) {
            CAPTURE(size);
            CHECK_FALSE(decode_memory(whole.substr(0, size)).has_value());
        }
    }

    TEST_CASE("what another program wrote is no memory")
    {
        for (const std::string text :
             {"",
              "[]",
              "{}",
              "null",
              R"({"version": 2, "masters": []})",
              R"({"version": 1})",
              R"({"version": 1, "masters": [{"name": "m", "address": "nowhere", "epoch": 1}]})",
              R"({"version": 1, "masters": [{"name": "m", "address": "a:1", "epoch": -1}]})",
              R"({"version": 1, "masters": [{"name": 5, "address": "a:1", "epoch": 1}]})"}) {
            CAPTURE(text);
            CHECK_FALSE(decode_memory(text).has_value());
        }
    }
}
