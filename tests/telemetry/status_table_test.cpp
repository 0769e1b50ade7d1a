#include "telemetry/status_table.hpp"

#include "telemetry/report.hpp"
#include "telemetry/watches.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

using namespace spoa;
using namespace std::chrono_literals;
using spoa::telemetry::status_table;
using spoa::test::good_watch;
using spoa::test::silent_watch;
using spoa::test::start;

namespace {

const std::string good = R"({"sentinels": [{"address": "s1:26379", "up": true}], "masters": [
    {"name": "orders", "state": "ok", "open": true, "server": "R1", "address": "10.0.0.1:6379",
     "epoch": 7, "votes": 3, "sentinels": 3, "reason": "", "since": "2026-11-23T03:14:15.926Z"}]})";

std::string replaced(std::string text, const std::string& what, const std::string& with)
{
    const auto at = text.find(what);
    REQUIRE(at != std::string::npos);
    return text.replace(at, what.size(), with);
}

}  // namespace

TEST_SUITE("telemetry/status_table")
{
    TEST_CASE("a master is one line under its headings, and all is well")
    {
        const auto table = status_table(good);
        CHECK(
            table.text ==
            "NAME    STATE  TRAFFIC  SERVER  MASTER         EPOCH  VOTES  SINCE\n"
            "orders  ok     open     R1      10.0.0.1:6379  7      3/3    2026-11-23T03:14:15.926Z\n");
        CHECK(table.all_well);
    }

    TEST_CASE("connections that wait are told below")
    {
        const auto table =
            status_table(replaced(good, "\"votes\": 3", "\"waiting\": 12, \"votes\": 3"));
        CHECK(table.text.ends_with("\norders: 12 new connections wait for a clear verdict\n"));
        CHECK(table.all_well);
    }

    TEST_CASE("what HAProxy does not deliver stands beside the state, and problems below")
    {
        const auto table = status_table(replaced(
            good,
            "\"votes\": 3",
            R"("deliverable": false, "problems": ["undeliverable: no server R1"], "votes": 3)"));
        CHECK(table.text.find("orders  ok, undeliverable  open") != std::string::npos);
        CHECK(table.text.ends_with("\norders: undeliverable: no server R1\n"));
        CHECK_FALSE(table.all_well);
        CHECK_FALSE(status_table(
                        replaced(good, "\"votes\": 3", R"("problems": ["R2 is DOWN"], "votes": 3)"))
                        .all_well);
    }

    TEST_CASE("columns are as wide as their widest word, and reasons follow below")
    {
        const auto table = status_table(R"({"sentinels": [], "masters": [
            {"name": "a", "state": "no-quorum", "open": false, "server": null, "address": null,
             "epoch": 18446744073709551615, "votes": 0, "sentinels": 5, "reason": "nobody answers",
             "since": "s"},
            {"name": "a-long-name", "state": "degraded", "open": true, "server": "R1",
             "address": "[::1]:1", "epoch": 1, "votes": 2, "sentinels": 5, "reason": "one is late",
             "since": "s"}]})");
        CHECK(
            table.text ==
            "NAME         STATE      TRAFFIC  SERVER  MASTER   EPOCH                 VOTES  SINCE\n"
            "a            no-quorum  refused  -       -        18446744073709551615  0/5    s\n"
            "a-long-name  degraded   open     R1      [::1]:1  1                     2/5    s\n"
            "\n"
            "a: nobody answers\n"
            "a-long-name: one is late\n");
        CHECK_FALSE(table.all_well);
    }

    TEST_CASE("a Sentinel that is not up is told with its failure")
    {
        const auto table = status_table(replaced(
            good,
            R"({"address": "s1:26379", "up": true})",
            R"({"address": "s1:26379", "up": true},
               {"address": "s2:26379", "up": false, "failure": "connection refused"})"));
        CHECK(table.text.ends_with("\n\nsentinel s2:26379: connection refused\n"));
        CHECK(table.text.find("s1:26379") == std::string::npos);
        CHECK_FALSE(table.all_well);
    }

    TEST_CASE("what the agent reports can be shown")
    {
        const std::vector watches{good_watch("orders"), silent_watch("carts")};
        const std::vector<telemetry::SentinelReport> sentinels{
            {"s1:26379", true, ""}, {"s2:26379", false, ""}, {"s3:26379", false, "timed out"}};
        const std::vector<telemetry::NameReport> names{{watches[0], {}}, {watches[1], {}}};
        const auto table = status_table(telemetry::masters_json(
            names, sentinels, {start, std::chrono::system_clock::time_point()}));
        CHECK_FALSE(table.all_well);
        CHECK(table.text.find("\norders  ok") != std::string::npos);
        CHECK(table.text.find("\ncarts   no-quorum  refused  -") != std::string::npos);
        CHECK(table.text.find("\nsentinel s3:26379: timed out\n") != std::string::npos);
    }

    TEST_CASE("what is no report is refused with a sentence")
    {
        std::vector<std::string> answers{
            "",
            "404",
            "Not Found\n",
            "{}",
            "[]",
            "null",
            R"({"masters": []})",
            R"({"masters": [1], "sentinels": []})",
            R"({"masters": [{}], "sentinels": []})",
            R"({"masters": "x", "sentinels": []})",
            replaced(good, R"("open": true)", R"("open": "yes")"),
            replaced(good, R"("epoch": 7)", R"("epoch": null)"),
            replaced(good, R"("name": "orders")", R"("name": null)"),
            replaced(good, R"("reason": "")", R"("reason": 0)"),
            replaced(good, R"("up": true)", R"("up": false)"),
        };
        for (std::size_t size = 0; size < good.size(); size += 7)
            answers.push_back(good.substr(0, size));
        for (const auto& answer : answers) {
            CAPTURE(answer);
            CHECK_THROWS_WITH_AS(
                status_table(answer),
                doctest::Contains("the answer is not that of a sentinel-spoa of this version"),
                std::runtime_error);
        }
    }

    TEST_CASE("an agent that lies cannot steer the terminal")
    {
        const auto table = status_table(
            R"({"sentinels": [{"address": "\u001b[2J", "up": false, "failure": "a\nb\u009b"}],
                "masters": [], "\u001b[2J": [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]})");
        CHECK(table.text.find("sentinel ?[2J: a?b??") != std::string::npos);
        CHECK_FALSE(table.all_well);
    }

    TEST_CASE("masters that are no list are no report, and never 'all well'")
    {
        for (const std::string masters : {"null", "{}"}) {
            CAPTURE(masters);
            CHECK_THROWS_AS(
                status_table(R"({"sentinels": [], "masters": )" + masters + "}"),
                std::runtime_error);
        }
    }
}
