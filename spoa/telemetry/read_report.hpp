#pragma once

#include "verdict/replica_watch.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace spoa::telemetry {

// The reads of one name, where it offers any.
struct ReadReport {
    std::string name;
    const verdict::ReplicaWatch& replicas;
    verdict::TimePoint now;
};

// How old what a reader of this replica sees may be at most; nothing while that is not known.
std::optional<std::chrono::nanoseconds> lag_time(
    const verdict::Replica& replica, verdict::TimePoint now);

}  // namespace spoa::telemetry
