#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace spoa::verdict {

// What a read gets while no replica is fresh enough.
enum class ReadFallback {
    master,  // what a write would get
    refuse,  // no server
    wait,    // the next replica that is, within the policy's `wait`
};

// The operator's choices for the reads of one name. What each costs: docs/replicas.md.
struct ReplicaPolicy {
    std::uint64_t max_lag = 1'048'576;              // bytes of replication
    std::chrono::milliseconds max_lag_time{1'000};  // how old what a reader sees may be
    ReadFallback fallback = ReadFallback::master;
    bool strict = false;  // no reads from replicas whose master is in doubt or was replaced
    std::map<std::string, unsigned, std::less<>> weights;  // by server; 1 where none is given
    std::vector<std::string> prefer;       // servers that are used alone while one is fresh
    std::chrono::milliseconds drain{800};  // in which the sessions of a replica are ended

    unsigned weight_of(const std::string& server) const
    {
        const auto given = weights.find(server);
        return given == weights.end() ? 1 : given->second;
    }

    bool operator==(const ReplicaPolicy&) const = default;
};

}  // namespace spoa::verdict
