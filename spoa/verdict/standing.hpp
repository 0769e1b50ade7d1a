#pragma once

#include "base/endpoint.hpp"
#include "verdict/doubt.hpp"
#include "verdict/isolation.hpp"
#include "verdict/process.hpp"
#include "verdict/promotion.hpp"
#include "verdict/state.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace spoa::verdict {

// An address that was named at a moment, and ever since.
struct Claim {
    Endpoint address;
    TimePoint since;

    bool operator==(const Claim&) const = default;
};

// Continues `claim` when it is for the same address, else starts a new one.
inline Claim renewed(const std::optional<Claim>& claim, const Endpoint& address, TimePoint now)
{
    if (claim && claim->address == address)
        return *claim;
    return {address, now};
}

// A doubt that has shut the gate.
struct Shut {
    State state;
    std::optional<TimePoint> until;  // once the majority that raised it is lost

    bool operator==(const Shut&) const = default;
};

// What a name's verdict rests on beside the evidence. Kept by the caller from one judgement to
// the next.
struct Standing {
    std::optional<Endpoint> current;  // the address in force
    std::uint64_t high_water = 0;     // H
    TimePoint in_force_since;         // of `current`
    std::optional<Claim> contender;   // a majority's address that may not be followed yet
    std::optional<Claim> challenger;  // another address than `current` that somebody names
    std::optional<TimePoint> quorum_lost_at;
    std::optional<TimePoint> unheard_since;  // no valid vote from anyone
    // All votes were dropped and asked for anew: nothing is open until a majority answered.
    std::optional<TimePoint> asked_anew_at;
    // When a majority answered first, since the start or since all were asked anew.
    std::optional<TimePoint> heard_first_at;
    bool down = false;         // is_down's memory
    std::optional<Shut> shut;  // by a doubt, when a majority was heard last
    Word word = Word::none;    // of the node in force
    ProcessWatch process;
    IsolationWatch isolation;
    PromotionWatch promotions;
    std::vector<Claim> tombstones;  // once master, and not known to be replicas yet

    bool operator==(const Standing&) const = default;
};

}  // namespace spoa::verdict
