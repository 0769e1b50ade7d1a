#pragma once

#include "base/endpoint.hpp"
#include "verdict/state.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace spoa::monitor {

// A failover that a Sentinel was heard to lead.
struct SavedPromotion {
    std::optional<Endpoint> candidate;
    std::string sentinel;              // its configured address
    std::chrono::milliseconds age{0};  // of its word

    bool operator==(const SavedPromotion&) const = default;
};

// What the next process needs to know of a name: the master in force, and the doubts about it.
struct SavedMaster {
    std::string name;
    Endpoint address;
    std::uint64_t high_water = 0;
    // Only for a process that takes over.
    std::optional<SavedPromotion> promotion{};
    std::optional<verdict::State> shut{};  // the doubt that had shut the gate

    bool operator==(const SavedMaster&) const = default;
};

// What is left for a process that starts by itself, later: a doubt is over by then.
inline std::vector<SavedMaster> without_doubts(std::vector<SavedMaster> all)
{
    for (auto& one : all) {
        one.promotion.reset();
        one.shut.reset();
    }
    return all;
}

}  // namespace spoa::monitor
