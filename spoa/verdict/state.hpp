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
    silent,        // the master does not answer our probe; perhaps only to us, perhaps for a moment
    isolated,      // the master answers us, and neither its replicas nor the Sentinels hear it
    odown,         // the Sentinels see the master as down
    switching,     // a failover has begun to promote another node
    not_master,    // a majority names a node that itself says otherwise, is loading its data, or is
                   // another process than the one that they know
    unmapped,      // no server of HAProxy's is the master that a majority names
    no_quorum,     // fewer than a majority can be heard
    conflict,      // all are heard, and no majority agrees; or two addresses claim one epoch
    regress,       // a majority names another address at an epoch already left behind
    stale,         // nothing has been heard for a while, or the agent itself was stopped
    unknown_name,  // a majority says that it does not monitor this name
};

// The words of HAProxy's variable, the metrics and the logs, in the order of the states.
inline constexpr std::array<std::string_view, 13> state_names{
    "ok",
    "degraded",
    "silent",
    "isolated",
    "odown",
    "switching",
    "not-master",
    "unmapped",
    "no-quorum",
    "conflict",
    "regress",
    "stale",
    "unknown-name",
};

inline constexpr auto all_states = [] {
    std::array<State, state_names.size()> states{};
    for (std::size_t i = 0; i < states.size(); ++i)
        states[i] = static_cast<State>(i);
    return states;
}();

constexpr std::string_view name_of(State state) noexcept
{
    return state_names[static_cast<std::size_t>(state)];
}

}  // namespace spoa::verdict
