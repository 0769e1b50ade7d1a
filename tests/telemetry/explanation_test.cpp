#include "telemetry/explanation.hpp"

#include "telemetry/report.hpp"
#include "telemetry/watches.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace spoa;
using namespace std::chrono_literals;
using spoa::test::good_watch;
using spoa::test::silent_watch;
using spoa::test::start;

namespace {

const std::vector<telemetry::SentinelReport> sentinels{
    {"s1:26379", true, ""}, {"s2:26379", true, ""}, {"s3:26379", false, "connection refused"}};

std::string told(const verdict::Watch& watch)
{
    const telemetry::Moment now{start + 1s, std::chrono::system_clock::time_point()};
    return telemetry::explain(telemetry::master_json({watch, {}}, sentinels, now)).text;
}

bool has(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_SUITE("telemetry/explanation")
{
    TEST_CASE("it shows the verdict, the rule, every vote, the support and what would change it")
    {
        const auto text = told(good_watch());
        CAPTURE(text);
        CHECK(has(text, "orders: ok, open, master R1 10.0.0.1:6379 since "));
        CHECK(has(text, "rule:    the first majority"));
        CHECK(has(text, "votes:   3 of 3, 2 needed; high-water epoch 7"));
        CHECK(has(text, "changes: with a majority that names another address"));
        CHECK(has(text, "s2:26379"));
        CHECK(has(text, "1000 ms"));
        CHECK(has(text, "support for 10.0.0.1:6379: 3, highest epoch 7"));
        CHECK(has(text, "last changes"));
    }

    TEST_CASE("a name without votes says why each is missing")
    {
        const auto text = told(silent_watch());
        CHECK(has(text, "no-quorum, refused, master - none"));
        CHECK(has(text, "no vote"));
        CHECK(has(text, "connection refused"));
    }

    TEST_CASE("it shows the servers of each HAProxy, for this name alone")
    {
        const std::vector<telemetry::HaproxyReport> haproxies{
            {"unix:/a",
             true,
             "",
             {{"orders_nodes", "orders", {{"R1", "ready", "ready", 41}}, {}},
              {"carts_nodes", "carts", {{"C1", "ready", "ready", 1}}, {}}},
             telemetry::OldWorkersReport{"unix:/m", true, "", {{4'711, 12}}}},
            {"unix:/b",
             false,
             "nobody listens there",
             {{"nodes", "orders", {}, {}}},
             telemetry::OldWorkersReport{"unix:/n", false, "permission denied", {}}},
            {"unix:/c", true, "", {{"others", "carts", {}, {}}}, {}}};
        const telemetry::Moment now{start + 1s, std::chrono::system_clock::time_point()};
        const auto watch = good_watch();
        const telemetry::DeliveryReport delivery{{"no server R1"}, {"server R9 is odd"}};
        const telemetry::NameReport name{watch, {}, 0, nullptr, 0, nullptr, &delivery};
        const auto explained =
            telemetry::explain(telemetry::master_json(name, sentinels, now, haproxies));
        const auto& text = explained.text;
        CAPTURE(text);
        CHECK_FALSE(explained.all_well);
        CHECK(has(text, "orders: ok, undeliverable, open"));
        CHECK(has(text, "warning: undeliverable: no server R1\n"));
        CHECK(has(text, "haproxy unix:/a: answers\n"));
        CHECK(has(text, "orders_nodes/R1  ready  ready   41"));
        CHECK(has(text, "warning: server R9 is odd"));
        CHECK(has(text, "haproxy unix:/b: nobody listens there"));
        CHECK(has(text, "old worker 4711: 12 sessions\n"));
        CHECK(has(text, "old workers out of reach: permission denied\n"));
        CHECK_FALSE(has(text, "carts"));
        CHECK_FALSE(has(text, "unix:/c"));
    }

    TEST_CASE("an answer of something else is refused with a sentence")
    {
        for (const std::string text : {"", "{}", "[1]", "<html>", R"({"name": 1})"}) {
            CAPTURE(text);
            CHECK_THROWS_WITH_AS(
                (void)telemetry::explain(text),
                doctest::Contains("not that of a sentinel-spoa"),
                std::runtime_error);
        }
    }
}
