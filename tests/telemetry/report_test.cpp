#include "telemetry/report.hpp"

#include "telemetry/watches.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <string>
#include <vector>

using namespace spoa;
using namespace std::chrono_literals;
using nlohmann::json;
using spoa::test::good_watch;
using spoa::test::silent_watch;
using spoa::test::start;
using spoa::test::vote_at;
using telemetry::Moment;
using telemetry::SentinelReport;

namespace {

// 2026-11-23T03:14:15.926Z on one clock, five seconds after `start` on the other.
const Moment now{
    start + 5s,
    std::chrono::system_clock::time_point(std::chrono::milliseconds(1'795'403'655'926))};

std::vector<SentinelReport> three_up()
{
    return {{"s1:26379", true, ""}, {"s2:26379", true, ""}, {"s3:26379", true, ""}};
}

json masters(
    const std::vector<verdict::Watch>& watches, const std::vector<SentinelReport>& sentinels,
    const Moment& moment = now)
{
    std::vector<telemetry::NameReport> names;
    for (const auto& watch : watches)
        names.push_back({watch, {}});
    return json::parse(telemetry::masters_json(names, sentinels, moment));
}

json first_master(const verdict::Watch& watch, const std::vector<SentinelReport>& sentinels)
{
    return masters({watch}, sentinels)["masters"][0];
}

}  // namespace

TEST_SUITE("telemetry/report")
{
    TEST_CASE("a name with a majority is told with all that its verdict rests on")
    {
        auto watch = good_watch();
        auto late = vote_at(Endpoint{"10.0.0.2", 6379}, 8, start + 4s);
        late.flags = {true, true, true, true, true};
        late.in_tilt = true;
        late.known_sentinels = 4;
        late.sentinel_id = "id-of-3";
        watch.cast(2, late);
        const auto master = first_master(watch, three_up());
        CHECK(master == json::parse(R"({
                "name": "orders", "state": "ok", "open": true,
                "server": "R1", "address": "10.0.0.1:6379",
                "epoch": 7, "votes": 3, "majority": 2, "sentinels": 3,
                "reason": "", "rule": "the first majority", "since": "2026-11-23T03:14:10.926Z",
                "waiting": 0, "deliverable": true,
                "problems": [
                    "Sentinel s3:26379 knows 4 Sentinels and 3 are configured: add the missing ones to sentinels.addresses, or clear the dead ones with SENTINEL RESET",
                    "Sentinel s3:26379 is in TILT mode: it judges nothing for 30 seconds",
                    "a Sentinel announces 10.0.0.2:6379, which no entry of servers: maps: add it"],
                "ballots": [
                    {"sentinel": "s1:26379", "valid": false, "address": "10.0.0.1:6379",
                     "epoch": 7, "flags": [], "age_ms": 5000, "tilt": false, "known_sentinels": 0, "id": ""},
                    {"sentinel": "s2:26379", "valid": false, "address": "10.0.0.1:6379",
                     "epoch": 7, "flags": [], "age_ms": 5000, "tilt": false, "known_sentinels": 0, "id": ""},
                    {"sentinel": "s3:26379", "valid": true, "address": "10.0.0.2:6379",
                     "epoch": 8, "age_ms": 1000, "tilt": true, "known_sentinels": 4, "id": "id-of-3",
                     "flags": ["s_down", "o_down", "failover_in_progress", "disconnected",
                               "promoting"]}
                ]})"));
    }

    TEST_CASE("a name that nobody has voted on has neither server nor address")
    {
        auto sentinels = three_up();
        sentinels[1] = {"s2:26379", false, "connection refused"};
        const auto master = first_master(silent_watch(), sentinels);
        CHECK(master["state"] == "no-quorum");
        CHECK(master["open"] == false);
        CHECK(master["server"].is_null());
        CHECK(master["address"].is_null());
        CHECK_FALSE(master["reason"].get<std::string>().empty());
        CHECK(
            master["ballots"][1] ==
            json{{"sentinel", "s2:26379"}, {"valid", false}, {"reason", "connection refused"}});
        CHECK(master["ballots"][0]["valid"] == false);
        CHECK_FALSE(master["ballots"][0]["reason"].get<std::string>().empty());
    }

    TEST_CASE("a vote is valid for as long as it counts")
    {
        auto watch = silent_watch();
        const auto ttl = watch.subject().vote_ttl;
        watch.cast(0, vote_at(Endpoint{"10.0.0.1", 6379}, 7, now.steady - ttl));
        watch.cast(1, vote_at(Endpoint{"10.0.0.1", 6379}, 7, now.steady - ttl - 1ns));
        const auto ballots = first_master(watch, three_up())["ballots"];
        CHECK(ballots[0]["valid"] == true);
        CHECK(ballots[1]["valid"] == false);
    }

    TEST_CASE("of one Sentinel that is listed twice one vote is valid, and the other says why not")
    {
        auto watch = silent_watch();
        auto vote = vote_at(Endpoint{"10.0.0.1", 6379}, 7, now.steady);
        vote.sentinel_id = std::string(40, 'a');
        watch.cast(0, vote);
        watch.cast(2, vote);
        const auto ballots = first_master(watch, three_up())["ballots"];
        CHECK(ballots[0]["valid"] == true);
        CHECK(ballots[2]["valid"] == false);
        CHECK(ballots[2]["reason"] == "it is the same Sentinel as s1:26379");
        const auto one = json::parse(telemetry::master_json({watch, {}}, three_up(), now));
        CHECK(one["warnings"][0].get<std::string>().starts_with(
            "s1:26379 and s3:26379 are the same"));
    }

    TEST_CASE("a replica that no server has and a node without INFO are warned of")
    {
        auto watch = good_watch();
        auto vote = vote_at(Endpoint{"10.0.0.1", 6379}, 7, now.steady);
        vote.promotable = {{"10.0.0.9", 6379}};
        watch.cast(1, vote);
        const std::vector<telemetry::NodeReport> nodes{
            {"R1", {"10.0.0.1", 6379}, {}, "", {}, "NOPERM"}};
        const auto warnings =
            json::parse(telemetry::master_json({watch, nodes}, three_up(), now))["warnings"];
        REQUIRE(warnings.size() == 2);
        CHECK(
            warnings[0].get<std::string>().starts_with("the Sentinels may promote 10.0.0.9:6379"));
        CHECK(warnings[1].get<std::string>().starts_with("R1 does not answer INFO"));
    }

    TEST_CASE("how far behind a new master was is a number or null")
    {
        verdict::Failover failover;
        failover.to_address = Endpoint{"10.0.0.2", 6379};
        const auto told = [&] {
            return json::parse(telemetry::failover_event("orders", failover, now));
        };
        CHECK(told()["lag_bytes"].is_null());
        CHECK(told()["lag_ms"].is_null());
        failover.lag = {4'812, 310ms};
        CHECK(told()["lag_bytes"] == 4'812);
        CHECK(told()["lag_ms"] == 310);
    }

    TEST_CASE("a Sentinel that does not know the name has voted for no address")
    {
        auto watch = silent_watch();
        watch.cast(0, vote_at({}, 0, now.steady));
        const auto ballot = first_master(watch, three_up())["ballots"][0];
        CHECK(ballot["valid"] == true);
        CHECK(ballot["address"].is_null());
    }

    TEST_CASE("all names and all Sentinels are told, in the order of the configuration")
    {
        auto sentinels = three_up();
        sentinels[2] = {"s3:26379", false, "NOAUTH Authentication required."};
        const auto all = masters({good_watch("orders"), silent_watch("carts")}, sentinels);
        CHECK(all["time"] == "2026-11-23T03:14:15.926Z");
        CHECK(all["sentinels"] == json::parse(R"([
                {"address": "s1:26379", "up": true},
                {"address": "s2:26379", "up": true},
                {"address": "s3:26379", "up": false, "failure": "NOAUTH Authentication required."}
            ])"));
        REQUIRE(all["masters"].size() == 2);
        CHECK(all["masters"][0]["name"] == "orders");
        CHECK(all["masters"][1]["name"] == "carts");
    }

    TEST_CASE("one name is told with support, nodes, warnings, a way out and its last changes")
    {
        auto watch = good_watch();
        auto odd = vote_at(Endpoint{"10.0.0.9", 6379}, 6, now.steady);
        odd.known_sentinels = 5;
        watch.cast(2, odd);
        watch.cast(0, vote_at(Endpoint{"10.0.0.1", 6379}, 7, now.steady));
        watch.cast(1, vote_at(Endpoint{"10.0.0.1", 6379}, 7, now.steady));
        verdict::Probe probe;
        probe.address = {"10.0.0.1", 6379};
        probe.role = verdict::Role::master;
        probe.offset = 4'711;
        probe.answered_at = now.steady;
        watch.examine(probe);
        watch.review(now.steady);

        const std::vector<telemetry::NodeReport> nodes{
            {"R1", {"10.0.0.1", 6379}, {}, "", {}},
            {"R2", {"10.0.0.2", 6379}, {}, "timed out", {}}};
        const auto one = json::parse(telemetry::master_json({watch, nodes}, three_up(), now));
        CHECK(one["name"] == "orders");
        CHECK(one["state"] == "degraded");
        CHECK_FALSE(one["way_out"].get<std::string>().empty());
        CHECK(one["support"] == json::parse(R"([
                {"address": "10.0.0.1:6379", "votes": 2, "highest_epoch": 7},
                {"address": "10.0.0.9:6379", "votes": 1, "highest_epoch": 6}])"));
        CHECK(one["nodes"][0]["role"] == "master");
        CHECK(one["nodes"][0]["offset"] == 4'711);
        CHECK(one["nodes"][1]["up"] == false);
        CHECK(one["nodes"][1]["trouble"] == "timed out");
        CHECK(one["warnings"].size() == 2);  // a peer too many, an address without a server
        CHECK(one["changes"].size() >= 1);
        CHECK(one["changes"].back()["to"]["state"] == "degraded");
    }

    TEST_CASE("a node that lost data is told of, with what it had before")
    {
        verdict::Watch watch = silent_watch();
        telemetry::LossReport loss;
        loss.restart.before.run_id = "a";
        loss.restart.before.keys = 50;
        loss.restart.after.run_id = "b";
        loss.at = now.steady - 1s;
        const std::vector<telemetry::NodeReport> nodes{{"R1", {"10.0.0.1", 6379}, {}, "", loss}};
        const auto one = json::parse(telemetry::master_json({watch, nodes}, three_up(), now));
        CHECK(one["nodes"][0]["lost_data"]["before"]["keys"] == 50);
        CHECK(one["nodes"][0]["lost_data"]["after"]["run_id"] == "b");
        const auto warning = one["warnings"].back().get<std::string>();
        CHECK(warning.find("R1 came back from a restart with less data") == 0);
        CHECK(warning.ends_with("50 keys before, 0 after"));
    }

    TEST_CASE("times keep all three digits of their milliseconds")
    {
        struct Case {
            std::chrono::milliseconds time;
            std::string text;
        };
        const std::vector<Case> cases{
            {0ms, "1970-01-01T00:00:00.000Z"},
            {7ms, "1970-01-01T00:00:00.007Z"},
            {1'060ms, "1970-01-01T00:00:01.060Z"},
            {951'782'399'999ms, "2000-02-28T23:59:59.999Z"},
        };
        for (const auto& c : cases) {
            CAPTURE(c.text);
            const Moment moment{start, std::chrono::system_clock::time_point(c.time)};
            CHECK(masters({}, {}, moment)["time"] == c.text);
        }
    }

    TEST_CASE("bytes of a peer that are no UTF-8 do not spoil the report")
    {
        auto sentinels = three_up();
        sentinels[0] = {"s1:26379", false, "ERR \xff\xfe \"quoted\"\n"};
        auto watch = silent_watch();
        watch.cast(
            1,
            vote_at(
                Endpoint{
                    "r\xe9"
                    "dis",
                    6379},
                1,
                now.steady));
        const auto all = masters({watch}, sentinels);
        const auto failure = all["sentinels"][0]["failure"].get<std::string>();
        CHECK(failure.ends_with(" \"quoted\"\n"));
    }
}
