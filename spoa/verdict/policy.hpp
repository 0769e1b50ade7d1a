#pragma once

#include <chrono>

namespace spoa::verdict {

// What to do while fewer than a majority of the Sentinels can be heard.
enum class NoQuorum {
    hold,    // keep sending connections to the last master that a majority named
    refuse,  // no server until a majority answers again
};

// What to do while the master in force is in doubt.
enum class InDoubt {
    refuse,  // writes are refused instead of lost
    keep,    // go on until a majority names another
};

// The operator's choices for one monitored name. What each costs: docs/guarantees.md.
struct Policy {
    NoQuorum no_quorum = NoQuorum::hold;
    std::chrono::milliseconds no_quorum_hold{0};  // how long to hold; 0 = for ever
    InDoubt odown = InDoubt::refuse;              // Sentinels see the master as down
    InDoubt switching = InDoubt::refuse;          // a failover has begun to promote another
    InDoubt isolated = InDoubt::refuse;           // the master has lost Sentinels and replicas
    std::chrono::milliseconds wait{8'000};        // new connections, for an end of doubt; 0 = not
};

}  // namespace spoa::verdict
