#pragma once

#include "verdict/replica_watch.hpp"

#include <nlohmann/json_fwd.hpp>

namespace spoa::telemetry {

// The reads of a name: where they go, or why nowhere, and each server with how fresh it is.
nlohmann::ordered_json reads_json(
    const verdict::ReplicaWatch& replicas, const verdict::ReplicaPolicy& policy,
    verdict::TimePoint now);

// The names of the servers that reads go to.
nlohmann::ordered_json read_targets_json(const verdict::ReplicaWatch& replicas);

}  // namespace spoa::telemetry
