#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace spoa::verdict {

// Whether reads may go to a server, and why not. The first that holds counts.
enum class Fitness : std::uint8_t {
    fresh,     // linked to the master in force, and within the limits of the policy
    kept,      // was fresh until its master came into doubt or was replaced, and still follows it
    promoted,  // was fresh until it said that it is master, and the verdict has not moved yet
    master,    // it is the master in force
    unwanted,  // its weight is 0
    unknown,   // it has not answered yet
    silent,
    s_down,  // at a majority of the Sentinels
    unseen,  // a majority has had no connection to it for some time
    loading,
    claims_master,  // although it is not the one in force
    hidden,         // replica-announced no
    misplaced,      // HAProxy's server of this name is another machine
    reserved,       // replica-priority 0, and no weight is given for it
    elsewhere,      // it follows another node than the master in force
    syncing,        // it gets all data anew
    unlinked,
    in_doubt,    // the master is, and the policy is strict
    unmeasured,  // the master has not told its offset yet, or too lately to tell
    behind,      // by more bytes than max_lag
    old,         // by more time than max_lag_time
    settling,    // it was beyond a limit, and is not well below it for long enough yet
};

// The words of /v1, the log and reasons.
inline constexpr std::array<std::string_view, 22> fitness_names{
    "fresh",
    "kept while its master is in doubt or replaced",
    "promoted",
    "the master",
    "given no weight",
    "not asked yet",
    "silent",
    "s_down at a majority of the Sentinels",
    "out of reach of a majority of the Sentinels",
    "loading",
    "says that it is master",
    "not announced",
    "another machine in HAProxy",
    "of priority 0",
    "following another master",
    "synchronizing",
    "without a link to its master",
    "strict, and the master is in doubt",
    "not measured yet",
    "too many bytes behind",
    "too old",
    "catching up"};

constexpr std::string_view name_of(Fitness fitness) noexcept
{
    return fitness_names[static_cast<std::size_t>(fitness)];
}

constexpr bool is_usable(Fitness fitness) noexcept
{
    return fitness == Fitness::fresh || fitness == Fitness::kept || fitness == Fitness::promoted;
}

}  // namespace spoa::verdict
