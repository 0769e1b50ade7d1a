#include "telemetry/page_sections.hpp"

#include <doctest/doctest.h>

#include <string>

using nlohmann::json;
using spoa::telemetry::reads_section;

namespace {

// What /v1/masters/NAME answers for a name whose R2 is fresh and whose R3 is not.
json report()
{
    return {
        {"reads",
         {{"servers", {"R2"}},
          {"reason", ""},
          {"fallback", "master"},
          {"strict", false},
          {"max_lag_bytes", 1'048'576},
          {"max_lag_ms", 1'000},
          {"replicas",
           {{{"server", "R1"},
             {"usable", false},
             {"fitness", "the master"},
             {"lag_bytes", nullptr},
             {"lag_ms", nullptr},
             {"weight", 1}},
            {{"server", "R2"},
             {"usable", true},
             {"fitness", "fresh"},
             {"lag_bytes", 1'536},
             {"lag_ms", 240},
             {"weight", 3}},
            {{"server", "R3"},
             {"usable", false},
             {"fitness", "s_down at 2 of 3 Sentinels"},
             {"lag_bytes", 0},
             {"lag_ms", 12'300},
             {"weight", 1}}}}}}};
}

bool has(const json& master, const std::string& part)
{
    return reads_section(master).text().find(part) != std::string::npos;
}

}  // namespace

TEST_SUITE("telemetry/page_reads")
{
    TEST_CASE("which servers are read, how far each is behind, its weight, and why not")
    {
        const auto master = report();
        CHECK(has(master, "Reads go to <strong>R2</strong>"));
        CHECK(has(master, "Fresh is at most 1.0 MiB and 1.0 s behind; fallback: master</caption>"));
        CHECK(has(master, "<td>the master</td>"));
        CHECK(
            has(master,
                "<td>fresh</td><td class=\"number\">1.5 KiB</td><td class=\"number\">240 ms</td>"
                "<td class=\"number\">3</td>"));
        CHECK(has(master, "<span class=\"bad\">s_down at 2 of 3 Sentinels</span>"));
        CHECK(has(master, "12.3 s"));
    }

    TEST_CASE("the fallback that is in force while none is fresh")
    {
        auto master = report();
        master["reads"]["servers"] = json::array();
        CHECK(
            has(master, "No replica is fresh enough: reads go where writes go (fallback: master)"));
        master["reads"]["fallback"] = "wait";
        CHECK(has(master, "reads wait for one"));
        master["reads"]["fallback"] = "refuse";
        CHECK(has(master, "reads are refused"));
    }

    TEST_CASE("a strict policy, and a server that is to get no reads, are no trouble")
    {
        auto master = report();
        master["reads"]["strict"] = true;
        master["reads"]["replicas"][2]["fitness"] = "given no weight";
        master["reads"]["replicas"][2]["weight"] = 0;
        CHECK(has(master, "; strict</caption>"));
        CHECK(has(master, "<td>given no weight</td>"));
        CHECK_FALSE(has(master, "bad"));
    }

    TEST_CASE("nothing where no reads are offered")
    {
        CHECK(reads_section(json::object()).empty());
    }
}
