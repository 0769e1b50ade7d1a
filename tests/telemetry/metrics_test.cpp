#include "telemetry/metrics.hpp"

#include "agent/verdicts.hpp"
#include "telemetry/samples.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <sstream>
#include <string>
#include <vector>

using namespace spoa;
using namespace std::chrono_literals;
using namespace spoa::test;
using telemetry::Metrics;
using verdict::State;

namespace {

std::string state_of(const std::string& name, const std::string& state)
{
    return "sentinel_spoa_master_state{master_name=\"" + name + "\",state=\"" + state + "\"}";
}

}  // namespace

TEST_SUITE("telemetry/metrics")
{
    TEST_CASE("before the first verdict every series is there and says nothing")
    {
        const Metrics metrics({"orders", "carts"}, {"s1:26379", "s2:26379", "s3:26379"}, "1.2.3");
        const auto samples = scrape(metrics);
        CHECK(samples.at("sentinel_spoa_build_info{version=\"1.2.3\"}") == "1");
        CHECK(samples.at("sentinel_spoa_sentinels_configured") == "3");
        CHECK(samples.at("sentinel_spoa_sentinel_up{sentinel=\"s2:26379\"}") == "0");
        for (const std::string name : {"orders", "carts"}) {
            CAPTURE(name);
            CHECK(samples.at(of("config_epoch", name)) == "0");
            CHECK(samples.at(of("votes", name)) == "0");
            CHECK(samples.at(of("switches_total", name)) == "0");
            for (const auto state : verdict::all_states)
                CHECK(samples.at(state_of(name, std::string(verdict::name_of(state)))) == "0");
        }
        CHECK(count_series(samples, "sentinel_spoa_master_info") == 0);
    }

    TEST_CASE("a verdict sets its own name's series and no other's")
    {
        Metrics metrics({"orders", "carts"}, {}, "0");
        metrics.names().set_verdict(0, good_verdict());
        const auto samples = scrape(metrics);
        CHECK(samples.at(state_of("orders", "ok")) == "1");
        CHECK(samples.at(state_of("orders", "degraded")) == "0");
        CHECK(samples.at(of("config_epoch", "orders")) == "7");
        CHECK(samples.at(of("votes", "orders")) == "3");
        CHECK(
            samples.at("sentinel_spoa_master_info{master_address=\"10.0.0.1:6379\","
                       "master_name=\"orders\",server=\"R1\"}") == "1");
        CHECK(samples.at(state_of("carts", "ok")) == "0");
        CHECK(samples.at(of("config_epoch", "carts")) == "0");
    }

    TEST_CASE("a name is in exactly one state, whichever came before")
    {
        Metrics metrics({"orders"}, {}, "0");
        for (const auto now : verdict::all_states) {
            metrics.names().set_verdict(0, shut_verdict(now, "x"));
            const auto samples = scrape(metrics);
            for (const auto state : verdict::all_states)
                CHECK(
                    samples.at(state_of("orders", std::string(verdict::name_of(state)))) ==
                    (state == now ? "1" : "0"));
        }
    }

    TEST_CASE("of a master that moved only the new place is shown, of one unknown none")
    {
        Metrics metrics({"orders", "carts"}, {}, "0");
        const std::string info = "sentinel_spoa_master_info";
        metrics.names().set_verdict(0, good_verdict("R1", {"10.0.0.1", 6379}));
        metrics.names().set_verdict(0, good_verdict("R1", {"10.0.0.1", 6379}));
        metrics.names().set_verdict(1, good_verdict("R1", {"10.0.0.1", 6379}));
        CHECK(count_series(scrape(metrics), info) == 2);

        metrics.names().set_verdict(0, good_verdict("R2", {"::1", 6380}));
        auto samples = scrape(metrics);
        CHECK(count_series(samples, info) == 2);
        CHECK(
            samples.at(
                info + "{master_address=\"[::1]:6380\",master_name=\"orders\",server=\"R2\"}") ==
            "1");

        metrics.names().set_verdict(0, shut_verdict(State::unknown_name, "x"));
        CHECK(count_series(scrape(metrics), info) == 1);
        metrics.names().set_verdict(0, good_verdict());
        CHECK(count_series(scrape(metrics), info) == 2);
    }

    TEST_CASE("a master behind a closed gate is shown")
    {
        Metrics metrics({"orders"}, {}, "0");
        auto verdict = good_verdict("");
        verdict.open = false;
        metrics.names().set_verdict(0, verdict);
        CHECK(
            scrape(metrics).at("sentinel_spoa_master_info{master_address=\"10.0.0.1:6379\","
                               "master_name=\"orders\",server=\"\"}") == "1");
    }

    TEST_CASE("switches are counted by name and timed together")
    {
        Metrics metrics({"orders", "carts"}, {}, "0");
        metrics.names().count_switch(0, 20ms);
        metrics.names().count_switch(0, 3s);
        metrics.names().count_switch(1, 60s);
        const auto samples = scrape(metrics);
        CHECK(samples.at(of("switches_total", "orders")) == "2");
        CHECK(samples.at(of("switches_total", "carts")) == "1");
        const std::string bucket = "sentinel_spoa_switch_delay_seconds_bucket{le=";
        CHECK(samples.at(bucket + "\"0.01\"}") == "0");
        CHECK(samples.at(bucket + "\"0.025\"}") == "1");
        CHECK(samples.at(bucket + "\"5\"}") == "2");
        CHECK(samples.at(bucket + "\"+Inf\"}") == "3");
        CHECK(samples.at("sentinel_spoa_switch_delay_seconds_count") == "3");
        CHECK(samples.at("sentinel_spoa_switch_delay_seconds_sum").starts_with("63.02"));
    }

    TEST_CASE("each Sentinel is up or not, and its answers are timed")
    {
        Metrics metrics({"orders"}, {"s1:26379", "s2:26379"}, "0");
        metrics.sentinels().set_up(0, true);
        metrics.sentinels().set_up(1, true);
        metrics.sentinels().set_up(1, false);
        metrics.sentinels().observe_query(1, 300us);
        const auto samples = scrape(metrics);
        CHECK(samples.at("sentinel_spoa_sentinel_up{sentinel=\"s1:26379\"}") == "1");
        CHECK(samples.at("sentinel_spoa_sentinel_up{sentinel=\"s2:26379\"}") == "0");
        const std::string series = "sentinel_spoa_sentinel_query_duration_seconds";
        CHECK(samples.at(series + "_count{sentinel=\"s1:26379\"}") == "0");
        CHECK(samples.at(series + "_count{sentinel=\"s2:26379\"}") == "1");
        CHECK(samples.at(series + "_bucket{sentinel=\"s2:26379\",le=\"0.00025\"}") == "0");
        CHECK(samples.at(series + "_bucket{sentinel=\"s2:26379\",le=\"0.0005\"}") == "1");
    }

    TEST_CASE("the workers' counters are added up")
    {
        const Metrics metrics({"orders", "carts"}, {}, "0");
        agent::Tally first(2);
        agent::Tally second(2);
        first.verdicts[1][static_cast<std::size_t>(State::conflict)].add(2);
        second.verdicts[1][static_cast<std::size_t>(State::conflict)].add(3);
        second.unknown_names.add(4);
        first.count(agent::FrameKind::healthcheck);
        second.count(agent::FrameKind::healthcheck);
        second.count(agent::SpopError::write_timeout);
        first.connections_opened.add(5);
        second.connections_opened.add(7);
        second.connections_closed.add();

        const auto samples = scrape(metrics, {&first, &second});
        const std::string verdicts = "sentinel_spoa_verdicts_total{master_name=";
        CHECK(samples.at(verdicts + "\"carts\",state=\"conflict\"}") == "5");
        CHECK(samples.at(verdicts + "\"orders\",state=\"conflict\"}") == "0");
        CHECK(samples.at(verdicts + "\"\",state=\"unknown-name\"}") == "4");
        CHECK(samples.at("sentinel_spoa_spop_frames_total{type=\"healthcheck\"}") == "2");
        CHECK(samples.at("sentinel_spoa_spop_frames_total{type=\"notify\"}") == "0");
        CHECK(samples.at("sentinel_spoa_spop_errors_total{reason=\"write_timeout\"}") == "1");
        CHECK(samples.at("sentinel_spoa_spop_errors_total{reason=\"io\"}") == "0");
        CHECK(samples.at("sentinel_spoa_spop_connections") == "11");
        CHECK(samples.at("sentinel_spoa_spop_connections_total") == "12");
    }

    TEST_CASE("who waits now is what began and has not ended, over all workers")
    {
        const Metrics metrics({"orders", "carts"}, {}, "0");
        agent::Tally first(2);
        agent::Tally second(2);
        first.waits[1].begun.add(5);
        first.waits[1].count(agent::WaitEnd::released);
        second.waits[1].begun.add(2);
        second.waits[1].count(agent::WaitEnd::released);
        second.waits[1].count(agent::WaitEnd::left);
        const auto samples = scrape(metrics, {&first, &second});
        CHECK(samples.at(of("waiting_connections", "carts")) == "4");
        CHECK(samples.at(of("waiting_connections", "orders")) == "0");
        const std::string ended = "sentinel_spoa_waits_total{master_name=\"carts\",end=";
        CHECK(samples.at(ended + "\"released\"}") == "2");
        CHECK(samples.at(ended + "\"left\"}") == "1");
        CHECK(samples.at(ended + "\"timed_out\"}") == "0");
    }

    TEST_CASE("the workers' durations are one cumulative histogram")
    {
        const Metrics metrics({"orders"}, {}, "0");
        agent::Tally first(1);
        agent::Tally second(1);
        first.count_answers(2, 1us);
        second.count_answers(1, 3us);
        second.count_answers(1, 1s);
        const auto samples = scrape(metrics, {&first, &second});
        const std::string series = "sentinel_spoa_verdict_duration_seconds";
        CHECK(samples.at(series + "_bucket{le=\"1e-06\"}") == "2");
        CHECK(samples.at(series + "_bucket{le=\"4e-06\"}") == "3");
        CHECK(samples.at(series + "_bucket{le=\"0.016384\"}") == "3");
        CHECK(samples.at(series + "_bucket{le=\"+Inf\"}") == "4");
        CHECK(samples.at(series + "_count") == "4");
        CHECK(samples.at(series + "_sum").starts_with("1.00000"));
        CHECK(count_series(samples, series + "_bucket") == 9);
    }

    TEST_CASE("every state, frame and error has a series before it occurs")
    {
        const Metrics metrics({"orders"}, {}, "0");
        const agent::Tally tally(1);
        const auto samples = scrape(metrics, {&tally});
        CHECK(count_series(samples, "sentinel_spoa_verdicts_total") == agent::Tally::states + 1);
        CHECK(
            count_series(samples, "sentinel_spoa_spop_frames_total") ==
            agent::frame_kind_names.size());
        CHECK(
            count_series(samples, "sentinel_spoa_spop_errors_total") ==
            agent::spop_error_names.size());
    }

    TEST_CASE("the gate is a series of its own, whatever the state is called")
    {
        Metrics metrics({"orders"}, {"s1:26379"}, "1.2.3");
        CHECK(scrape(metrics).at(of("master_open", "orders")) == "0");
        metrics.names().set_verdict(0, good_verdict());
        CHECK(scrape(metrics).at(of("master_open", "orders")) == "1");
        metrics.names().set_verdict(0, shut_verdict(State::odown, "down"));
        CHECK(scrape(metrics).at(of("master_open", "orders")) == "0");
    }

    TEST_CASE("sessions on a server are stray while it should have none")
    {
        Metrics metrics({"orders"}, {"s1:26379"}, "1.2.3");
        const telemetry::HaproxyMetrics::ServerPlace place{"unix:/run/h.sock", "nodes", "R1"};
        const std::string labels =
            R"({backend="nodes",master_name="orders",runtime_api="unix:/run/h.sock",server="R1"})";
        CHECK(metrics.haproxies().add("unix:/run/h.sock") == 0);
        metrics.haproxies().set_sessions(0, place, 7, false);
        CHECK(scrape(metrics).at("sentinel_spoa_server_sessions" + labels) == "7");
        CHECK(scrape(metrics).at("sentinel_spoa_stray_sessions" + labels) == "0");
        metrics.haproxies().set_sessions(0, place, 5, true);
        CHECK(scrape(metrics).at("sentinel_spoa_server_sessions" + labels) == "5");
        CHECK(scrape(metrics).at("sentinel_spoa_stray_sessions" + labels) == "5");
        metrics.haproxies().set_sessions(0, place, 5, false);
        CHECK(scrape(metrics).at("sentinel_spoa_stray_sessions" + labels) == "0");
    }

    TEST_CASE("fenced sessions are counted from 0, and a HAProxy is up or not")
    {
        Metrics metrics({"orders"}, {}, "0");
        metrics.haproxies().add("unix:/a");
        metrics.haproxies().count_fenced(0, "R1", 0);
        const std::string fenced =
            R"(sentinel_spoa_fenced_sessions_total{master_name="orders",server="R1"})";
        const std::string up = R"(sentinel_spoa_haproxy_up{runtime_api="unix:/a"})";
        CHECK(scrape(metrics).at(fenced) == "0");
        CHECK(scrape(metrics).at(up) == "0");
        metrics.haproxies().set_up(0, true);
        metrics.haproxies().count_fenced(0, "R1", 40);
        metrics.haproxies().count_error(0);
        metrics.haproxies().observe_fence(2ms);
        const auto samples = scrape(metrics);
        CHECK(samples.at(fenced) == "40");
        CHECK(samples.at(up) == "1");
        CHECK(samples.at(R"(sentinel_spoa_haproxy_errors_total{runtime_api="unix:/a"})") == "1");
        CHECK(samples.at(R"(sentinel_spoa_fence_duration_seconds_bucket{le="0.0025"})") == "1");
        CHECK(samples.at(R"(sentinel_spoa_fence_duration_seconds_bucket{le="0.001"})") == "0");
    }

    TEST_CASE("every family has its help and its type once")
    {
        const Metrics metrics({"orders", "carts"}, {"s1:26379"}, "0");
        const agent::Tally tally(2);
        const std::vector<const agent::Tally*> tallies{&tally};
        std::istringstream lines(metrics.serialize(tallies));
        std::map<std::string, int> told;
        for (std::string line; std::getline(lines, line);)
            if (line.starts_with("# "))
                ++told[line.substr(0, line.find(' ', 7))];
        CHECK(told.size() == 2 * 34);
        for (const auto& one : told) {
            CAPTURE(one.first);
            CHECK(one.second == 1);
            CHECK(one.first.find(" sentinel_spoa_") != std::string::npos);
        }
    }
}
