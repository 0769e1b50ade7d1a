#pragma once

#include "telemetry/table.hpp"

#include <string>
#include <string_view>

namespace spoa::telemetry {

// What `sentinel-spoa status` prints.
struct StatusTable {
    std::string text;      // a table for people
    bool all_well = true;  // every name has a master that clients get to, and nothing is wrong
};

// Makes the table of the JSON that /v1/masters answers. Throws std::runtime_error with a sentence
// when it is something else.
StatusTable status_table(std::string_view masters_json, const TextStyle& style = {});

}  // namespace spoa::telemetry
