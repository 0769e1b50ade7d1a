#pragma once

#include "telemetry/table.hpp"

#include <string>
#include <string_view>

namespace spoa::telemetry {

// What `sentinel-spoa explain NAME` prints: the verdict, the rule that decided, every Sentinel's
// vote, the nodes, the warnings, what would change it, and the last changes.
struct Explanation {
    std::string text;
    bool all_well = false;  // it has a master that clients get to, and nothing is wrong
};

// Makes it of the JSON that /v1/masters/NAME answers. Throws std::runtime_error with a sentence
// when it is something else.
Explanation explain(std::string_view master_json, const TextStyle& style = {});

}  // namespace spoa::telemetry
