// What the agent remembers across a restart: for each name the master in force and the high-water
// epoch, as JSON. A process that takes over from a running one is handed its doubts as well. Pure;
// reading and writing is the daemon's.
#pragma once

#include "base/endpoint.hpp"
#include "verdict/state.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::telemetry {

// A failover that a Sentinel was heard to lead.
struct RememberedPromotion {
    std::optional<Endpoint> candidate;
    std::string sentinel;              // its configured address
    std::chrono::milliseconds age{0};  // of its word

    bool operator==(const RememberedPromotion&) const = default;
};

struct Remembered {
    std::string name;
    Endpoint address;
    std::uint64_t high_water = 0;
    // Not in the state file: a doubt is over when the next process starts by itself.
    std::optional<RememberedPromotion> promotion{};
    std::optional<verdict::State> shut{};  // the doubt that had shut the gate

    bool operator==(const Remembered&) const = default;
};

// `hidden` is what else a process that takes over is handed: what no text of a peer shows.
std::string encode_memory(
    const std::vector<Remembered>& all, const std::vector<std::string>& hidden = {});

// That again; nothing where it is missing.
std::vector<std::string> decode_hidden(std::string_view text);

// Nothing when the text is not what encode_memory writes: a torn or foreign file.
std::optional<std::vector<Remembered>> decode_memory(std::string_view text);

}  // namespace spoa::telemetry
