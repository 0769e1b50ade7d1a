#pragma once

#include <chrono>

namespace spoa::verdict {

// What to do while fewer than a majority of the Sentinels can be heard.
enum class NoQuorum {
    hold,    // keep sending connections to the last master that a majority named
    refuse,  // no server until a majority answers again
};

// The operator's choices for one monitored name.
struct Policy {
    NoQuorum no_quorum = NoQuorum::hold;
    std::chrono::milliseconds no_quorum_hold{0};  // how long to hold; 0 = for ever
};

}  // namespace spoa::verdict
