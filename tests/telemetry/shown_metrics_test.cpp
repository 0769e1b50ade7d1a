#include "agent/verdicts.hpp"
#include "telemetry/metrics.hpp"
#include "telemetry/samples.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace spoa;
using namespace spoa::test;
using namespace std::chrono_literals;
using telemetry::Metrics;

// What is configured no more is shown no more.
TEST_SUITE("telemetry/shown_metrics")
{
    TEST_CASE("a name that is gone is not shown until it is back, and goes on")
    {
        Metrics metrics({"orders", "carts"}, {}, "0");
        metrics.names().count_switch(1, 1ms);
        metrics.nodes().add(1, "R1");
        metrics.haproxies().count_fenced(1, "R1", 7);
        metrics.names().set({"orders", ""});
        for (const auto& [series, value] : scrape(metrics)) {
            CAPTURE(series);
            CHECK(series.find("carts") == std::string::npos);
        }
        metrics.names().set({"orders", "carts"});
        const auto samples = scrape(metrics);
        CHECK(samples.at(of("switches_total", "carts")) == "1");
        CHECK(
            samples.at(R"(sentinel_spoa_fenced_sessions_total{master_name="carts",server="R1"})") ==
            "7");
    }

    TEST_CASE("of a name's servers those are shown that are configured, and the master anyway")
    {
        Metrics metrics({"orders"}, {}, "0");
        metrics.haproxies().count_fenced(0, "R1", 0);
        metrics.haproxies().count_fenced(0, "R2", 0);
        metrics.names().set_verdict(0, good_verdict("R1"));
        metrics.names().set_servers(0, {"R2"});
        const auto samples = scrape(metrics);
        const std::string fenced =
            R"(sentinel_spoa_fenced_sessions_total{master_name="orders",server=)";
        CHECK_FALSE(samples.contains(fenced + "\"R1\"}"));
        CHECK(samples.contains(fenced + "\"R2\"}"));
        CHECK(count_series(samples, "sentinel_spoa_master_info") == 1);
    }

    TEST_CASE("nodes are shown while they are probed, and go on when they are probed again")
    {
        Metrics metrics({"orders", "carts"}, {}, "0");
        const std::string restarts = "sentinel_spoa_node_restarts_total{master_name=";
        metrics.nodes().add(0, "R1");
        metrics.nodes().add(0, "R2");
        metrics.nodes().add(1, "R1");
        metrics.nodes().count_restart(0, 1, true);
        metrics.nodes().clear(0);
        auto samples = scrape(metrics);
        CHECK(count_series(samples, "sentinel_spoa_node_") == 4);
        CHECK(count_series(samples, "sentinel_spoa_replica_lag_bytes") == 1);
        CHECK(samples.at(restarts + "\"carts\",server=\"R1\"}") == "0");

        metrics.nodes().add(0, "R2");
        metrics.nodes().set_up(0, 0, true);
        samples = scrape(metrics);
        CHECK(count_series(samples, "sentinel_spoa_node_up") == 2);
        CHECK(samples.at(R"(sentinel_spoa_node_up{master_name="orders",server="R2"})") == "1");
        CHECK(samples.at(restarts + "\"orders\",server=\"R2\"}") == "1");
    }

    TEST_CASE("a node that never was there is not shown until it is")
    {
        Metrics metrics({"orders"}, {}, "0");
        metrics.nodes().add(0, "R1");
        metrics.nodes().add(0, "R2");
        metrics.nodes().set_absent(0, 1, true);
        CHECK(count_series(scrape(metrics), "sentinel_spoa_node_up") == 1);
        metrics.nodes().set_absent(0, 1, false);
        CHECK(count_series(scrape(metrics), "sentinel_spoa_node_up") == 2);
    }

    TEST_CASE("a Sentinel that is not configured any more is not shown")
    {
        Metrics metrics({}, {"s1:26379", "s2:26379"}, "0");
        metrics.sentinels().set({"s2:26379", "s3:26379"});
        metrics.sentinels().set_up(1, true);
        const auto samples = scrape(metrics);
        CHECK(count_series(samples, "sentinel_spoa_sentinel_up") == 2);
        CHECK(samples.at("sentinel_spoa_sentinel_up{sentinel=\"s3:26379\"}") == "1");
        CHECK(samples.at("sentinel_spoa_sentinel_up{sentinel=\"s2:26379\"}") == "0");
        CHECK(samples.at("sentinel_spoa_sentinels_configured") == "2");
    }

    TEST_CASE("a HAProxy is shown until it is removed as often as it was added")
    {
        Metrics metrics({"orders"}, {}, "0");
        auto& haproxies = metrics.haproxies();
        CHECK(haproxies.add("unix:/a") == 0);
        CHECK(haproxies.add("unix:/b") == 1);
        CHECK(haproxies.add("unix:/a") == 0);
        haproxies.set_sessions(0, {"unix:/a", "nodes", "R1"}, 7, true);
        const std::string errors = "sentinel_spoa_haproxy_errors_total{runtime_api=\"unix:/a\"}";
        haproxies.count_error(0);
        haproxies.remove(0);
        auto samples = scrape(metrics);
        CHECK(samples.at(errors) == "1");
        CHECK(count_series(samples, "sentinel_spoa_server_sessions") == 0);
        CHECK(count_series(samples, "sentinel_spoa_stray_sessions") == 0);
        haproxies.remove(0);
        samples = scrape(metrics);
        CHECK_FALSE(samples.contains(errors));
        CHECK(count_series(samples, "sentinel_spoa_haproxy_up") == 1);
        haproxies.add("unix:/a");
        CHECK(scrape(metrics).at(errors) == "1");
    }

    TEST_CASE("a pool is shown while it follows, and begins anew without its master")
    {
        Metrics metrics({"orders"}, {}, "0");
        auto& twemproxies = metrics.twemproxies();
        const std::string follows = "sentinel_spoa_twemproxy_follows{pool=\"alpha\"}";
        CHECK(twemproxies.add_pool("alpha") == 0);
        CHECK(twemproxies.add_pool("beta") == 1);
        twemproxies.set_follows(0, true);
        twemproxies.count(0, telemetry::TwemproxyResult::rolled_back);
        CHECK(twemproxies.add_pool("alpha") == 0);
        twemproxies.remove_pool(0);
        CHECK(scrape(metrics).at(follows) == "1");
        twemproxies.remove_pool(0);
        CHECK_FALSE(scrape(metrics).contains(follows));
        CHECK(count_series(scrape(metrics), "sentinel_spoa_twemproxy_updates_total") == 4);
        CHECK(twemproxies.add_pool("alpha") == 0);
        const auto samples = scrape(metrics);
        CHECK(samples.at(follows) == "0");
        const std::string updates = "sentinel_spoa_twemproxy_updates_total{pool=\"alpha\",result=";
        CHECK(samples.at(updates + "\"rolled_back\"}") == "1");
        CHECK(samples.at(updates + "\"updated\"}") == "0");
    }
}
