#pragma once

#include "base/endpoint.hpp"
#include "verdict/state.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace spoa::verdict {

// What is answered for a name, and why.
struct Verdict {
    State state = State::no_quorum;
    std::optional<Endpoint> address;  // the master in force, also while traffic is refused
    std::string server;               // HAProxy's name of it; empty where `servers:` maps none
    bool open = false;                // traffic may go to `address`: the one gate
    std::uint64_t epoch = 0;          // the highest that a majority confirmed
    std::size_t votes = 0;            // Sentinels that name `address` now
    std::size_t sentinels = 0;        // configured
    std::string reason;               // one sentence; empty in the state ok
    std::string_view rule;            // the line of the rule that decided; static text

    bool operator==(const Verdict&) const = default;
};

// Whether a better verdict is likely within seconds: a failover is due or under way, or the master
// may be gone. A new connection does better to wait for it.
inline bool is_worth_waiting(const Verdict& verdict)
{
    switch (verdict.state) {
        case State::silent: return true;  // although it is open
        case State::isolated:
        case State::odown:
        case State::switching:
        case State::not_master: return !verdict.open;
        default: return false;
    }
}

}  // namespace spoa::verdict
