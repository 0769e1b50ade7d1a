#pragma once

#include "verdict/policy.hpp"
#include "verdict/replica_policy.hpp"
#include "verdict/server.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace spoa::verdict {

// One monitored name, as configured.
struct Subject {
    std::string name;
    std::vector<Server> servers;  // empty: any address will do
    Policy policy;
    std::chrono::milliseconds vote_ttl{1500};
    std::optional<ReplicaPolicy> replicas = std::nullopt;  // nothing: no reads but as writes
    std::vector<std::string> sentinels{};  // their addresses, to name them to people
};

}  // namespace spoa::verdict
