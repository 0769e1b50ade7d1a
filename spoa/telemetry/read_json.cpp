#include "telemetry/read_json.hpp"

#include "telemetry/read_report.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <chrono>
#include <string_view>

namespace spoa::telemetry {

using Json = nlohmann::ordered_json;

namespace {

constexpr std::array<std::string_view, 3> fallback_words{"master", "refuse", "wait"};

}  // namespace

Json read_targets_json(const verdict::ReplicaWatch& replicas)
{
    Json targets = Json::array();
    for (const auto& target : replicas.reads().targets)
        targets.push_back(target.server.name);
    return targets;
}

void put_wishes(Json& json, const ServerWishes& servers)
{
    auto& words = json["servers"] = Json::object();
    auto idle = Json::array();
    for (const auto& [server, wish] : servers) {
        words[server] = wish == "idle" ? "maint" : wish;
        if (wish == "idle")
            idle.push_back(server);
    }
    json["idle"] = std::move(idle);
}

Json read_event_json(const ReadsNow& reads, const verdict::ReplicaPolicy& policy)
{
    const auto& set = reads.replicas.reads();
    Json weights = Json::object();
    for (const auto& target : set.targets)
        weights[target.server.name] = target.weight;
    Json json{
        {"fallback", fallback_words.at(static_cast<std::size_t>(policy.fallback))},
        {"reason", set.reason},
        {"weights", std::move(weights)}};
    put_wishes(json, reads.servers);
    return json;
}

Json reads_json(
    const verdict::ReplicaWatch& replicas, const verdict::ReplicaPolicy& policy,
    verdict::TimePoint now)
{
    Json json{
        {"servers", read_targets_json(replicas)},
        {"reason", replicas.reads().reason},
        {"fallback", fallback_words.at(static_cast<std::size_t>(policy.fallback))},
        {"strict", policy.strict},
        {"max_lag_bytes", policy.max_lag},
        {"max_lag_ms", policy.max_lag_time.count()},
        {"replicas", Json::array()}};
    for (const auto& replica : replicas.replicas()) {
        Json one{
            {"server", replica.server.name},
            {"usable", is_usable(replica.fitness)},
            {"fitness", words_for(replica)},
            {"s_down_at", replica.sight.s_down}};
        const bool measured = replica.fitness != verdict::Fitness::master;
        one["lag_bytes"] = measured && replica.lag_bytes ? Json(*replica.lag_bytes) : Json();
        const auto lag = lag_time(replica, now);
        one["lag_ms"] =
            lag ? Json(std::chrono::duration_cast<std::chrono::milliseconds>(*lag).count())
                : Json();
        one["weight"] = policy.weight_of(replica.server.name);
        json["replicas"].push_back(std::move(one));
    }
    return json;
}

}  // namespace spoa::telemetry
