#pragma once

#include "verdict/policy.hpp"
#include "verdict/server.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace spoa::verdict {

// One monitored name, as configured.
struct Subject {
    std::string name;
    std::vector<Server> servers;  // empty: any address will do
    Policy policy;
    std::chrono::milliseconds vote_ttl{1500};
};

}  // namespace spoa::verdict
