#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace spoa::verdict {

// What is known about a name's master. docs/guarantees.md says what each means for traffic.
enum class State : std::uint8_t {
    ok,            // every Sentinel names the same address at the same epoch
    degraded,      // a majority does; another Sentinel is missing, disagrees or lags behind
    no_quorum,     // fewer than a majority can be heard
    conflict,      // all are heard, and no majority agrees; or two addresses claim one epoch
    regress,       // a majority names another address at an epoch already left behind
    unknown_name,  // a majority says that it does not monitor this name
};

inline constexpr std::array all_states{
    State::ok,
    State::degraded,
    State::no_quorum,
    State::conflict,
    State::regress,
    State::unknown_name,
};

// The words of HAProxy's variable, the metrics and the logs.
constexpr std::string_view name_of(State state) noexcept
{
    switch (state) {
        case State::ok: return "ok";
        case State::degraded: return "degraded";
        case State::no_quorum: return "no-quorum";
        case State::conflict: return "conflict";
        case State::regress: return "regress";
        case State::unknown_name: return "unknown-name";
    }
    return "unknown-name";
}

}  // namespace spoa::verdict
