#pragma once

#include "telemetry/report.hpp"
#include "verdict/replica_watch.hpp"

#include <nlohmann/json_fwd.hpp>

namespace spoa::telemetry {

// The reads of a name: where they go, or why nowhere, and each server with how fresh it is.
nlohmann::ordered_json reads_json(
    const verdict::ReplicaWatch& replicas, const verdict::ReplicaPolicy& policy,
    verdict::TimePoint now);

// The names of the servers that reads go to.
nlohmann::ordered_json read_targets_json(const verdict::ReplicaWatch& replicas);

// What a line of /v1/events has of the reads beside their targets: weights, the fallback, why there
// are none, and how the servers should be in HAProxy.
nlohmann::ordered_json read_event_json(const ReadsNow& reads, const verdict::ReplicaPolicy& policy);

// Puts `servers`, each with ready, maint or leave, and `idle`: those of maint that may rest in
// ready. Readers of before know nothing of `idle`, and keep them in maintenance.
void put_wishes(nlohmann::ordered_json& json, const ServerWishes& servers);

}  // namespace spoa::telemetry
