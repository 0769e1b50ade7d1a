#include "telemetry/report.hpp"
#include "verdict/replica_scene.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace spoa;
using namespace spoa::test;
using nlohmann::json;

namespace {

telemetry::Moment moment_of(const Scene& scene)
{
    return {at(scene.now), std::chrono::system_clock::time_point()};
}

json event_of(const Scene& scene)
{
    const telemetry::ReadsNow reads{scene.replicas, {{"R1", "idle"}, {"R2", "ready"}}};
    return json::parse(telemetry::master_event(
        scene.watch, {{"R1", "ready"}, {"R2", "idle"}}, {}, moment_of(scene), &reads));
}

}  // namespace

TEST_SUITE("telemetry/read_json")
{
    TEST_CASE("a line of /v1/events has what HAProxy's Lua needs for reads")
    {
        ReplicaPolicy policy;
        policy.weights["R2"] = 3;
        const auto event = event_of(Scene(policy));
        CHECK(event["servers"] == json{{"R1", "ready"}, {"R2", "maint"}});
        CHECK(event["idle"] == json{"R2"});
        CHECK(event["deliverable"] == true);
        CHECK(event["reads"] == json{"R2", "R3"});
        CHECK(
            event["replicas"] == json{
                                     {"fallback", "master"},
                                     {"reason", ""},
                                     {"weights", {{"R2", 3}, {"R3", 1}}},
                                     {"servers", {{"R1", "maint"}, {"R2", "ready"}}},
                                     {"idle", {"R1"}}});
    }

    TEST_CASE("and why there are none")
    {
        ReplicaPolicy policy;
        policy.fallback = verdict::ReadFallback::wait;
        policy.weights["R2"] = 0;
        Scene scene(policy);
        scene.unsee(2, true);
        const auto event = event_of(scene);
        CHECK(event["reads"] == json::array());
        CHECK(event["replicas"]["fallback"] == "wait");
        CHECK(event["replicas"]["weights"] == json::object());
        CHECK(event["replicas"]["reason"].get<std::string>().ends_with(
            "R3 is s_down at 2 of 3 Sentinels"));
    }

    TEST_CASE("nothing of reads for a name without them")
    {
        Scene scene;
        scene.watch.set_subject(subject());
        scene.review();
        const auto event = event_of(scene);
        CHECK_FALSE(event.contains("reads"));
        CHECK_FALSE(event.contains("replicas"));
    }

    TEST_CASE("the report says how many Sentinels see a replica as down")
    {
        Scene scene;
        scene.unsee(2, true);
        const telemetry::NameReport name{scene.watch, {}, 0, nullptr, 0, &scene.replicas};
        const std::vector<telemetry::SentinelReport> sentinels{
            {"a", true, {}}, {"b", true, {}}, {"c", true, {}}};
        const auto report = json::parse(telemetry::master_json(name, sentinels, moment_of(scene)));
        const auto& replicas = report["reads"]["replicas"];
        CHECK(replicas[2]["fitness"] == "s_down at 2 of 3 Sentinels");
        CHECK(replicas[2]["s_down_at"] == 2);
        CHECK(replicas[1]["s_down_at"] == 0);
    }
}
