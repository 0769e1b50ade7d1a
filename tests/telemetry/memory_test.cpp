#include "telemetry/memory.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace spoa;
using monitor::SavedMaster;
using telemetry::decode_hidden;
using telemetry::decode_memory;
using telemetry::encode_memory;

TEST_SUITE("telemetry/memory")
{
    TEST_CASE("what was remembered comes back")
    {
        const std::vector<SavedMaster> all{
            {"mymaster", {"10.0.0.1", 6379}, 7}, {"six", {"2001:db8::1", 6380}, 0}};
        CHECK(decode_memory(encode_memory(all)) == all);
        CHECK(decode_memory(encode_memory({})) == std::vector<SavedMaster>{});
    }

    TEST_CASE("doubts come back with it, and what is no doubt is refused")
    {
        using namespace std::chrono_literals;
        SavedMaster one{"mymaster", {"10.0.0.1", 6379}, 7};
        one.shut = verdict::State::odown;
        one.promotion = {Endpoint{"10.0.0.2", 6379}, "10.0.0.1:26379", 1200ms};
        CHECK(decode_memory(encode_memory({one})) == std::vector{one});
        one.promotion->candidate.reset();
        CHECK(decode_memory(encode_memory({one})) == std::vector{one});

        const std::string begin =
            R"({"version": 1, "masters": [{"name": "a", "address": "10.0.0.1:1", "epoch": 1, )";
        CHECK(decode_memory(begin + R"("shut": "odown"}]})"));
        for (const std::string doubt :
             {R"("shut": "nonsense")",
              R"("shut": 4)",
              R"("promotion": {})",
              R"("promotion": {"candidate": "x", "sentinel": "s", "age_ms": 1})",
              R"("promotion": {"candidate": null, "sentinel": "s", "age_ms": -1})",
              R"("promotion": {"candidate": null, "sentinel": "s", "age_ms": 1e99})"}) {
            CAPTURE(doubt);
            CHECK_FALSE(decode_memory(begin + doubt + "}]}"));
        }
    }

    TEST_CASE("what is hidden goes over to the process that takes over, whatever bytes it has")
    {
        const std::vector<std::string> hidden{"k7z", std::string("\0\xff\" x", 5), "pass"};
        const auto text = encode_memory({{"mymaster", {"10.0.0.1", 6379}, 7}}, hidden);
        CHECK(decode_hidden(text) == hidden);
        CHECK(decode_memory(text)->size() == 1);
        for (const std::string without :
             {"", "[]", "{}", "null", R"({"hidden": 1})", R"({"hidden": [1]})", "{"}) {
            CAPTURE(without);
            CHECK(decode_hidden(without).empty());
        }
        CHECK(encode_memory({}).find("hidden") == std::string::npos);
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
