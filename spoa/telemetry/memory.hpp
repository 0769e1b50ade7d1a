// What the agent remembers across a restart: for each name the master in force and the high-water
// epoch, as JSON. Pure; reading and writing the file is the daemon's.
#pragma once

#include "base/endpoint.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::telemetry {

struct Remembered {
    std::string name;
    Endpoint address;
    std::uint64_t high_water = 0;

    bool operator==(const Remembered&) const = default;
};

std::string encode_memory(const std::vector<Remembered>& all);

// Nothing when the text is not what encode_memory writes: a torn or foreign file.
std::optional<std::vector<Remembered>> decode_memory(std::string_view text);

}  // namespace spoa::telemetry
