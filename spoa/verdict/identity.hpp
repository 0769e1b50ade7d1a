#pragma once

#include "verdict/evidence.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace spoa::verdict {

// Whether the process that answers the agent at a host name is the one that the Sentinels know by
// this name. Name servers lie, and are behind: each may have been led elsewhere.
enum class Identity : std::uint8_t {
    unknown,  // the node or all Sentinels have yet to say, or it is no host name
    same,     // as one of the Sentinels has it; nobody guesses a run id
    other,    // as none has it
};

// `probe` is what the node said last, nullptr where it is not asked.
Identity identity_of(
    const Endpoint& node, const Probe* probe, std::span<const std::optional<Vote>> ballots);

}  // namespace spoa::verdict
