// The builders of the verdict's tests: short words for votes, so that a case shows only what
// matters in it.
#pragma once

#include "verdict/judge.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::test {

using Ballots = std::vector<std::optional<sentinel::Vote>>;
using Votes = std::vector<sentinel::Vote>;

inline Endpoint endpoint(std::string_view text)
{
    return parse_endpoint(text).value();
}

// The master in force, and the replica that is promoted in its place.
inline const Endpoint m = endpoint("r1:1");
inline const Endpoint r = endpoint("r2:1");

// A moment, in milliseconds after an arbitrary start.
inline sentinel::TimePoint at(int milliseconds)
{
    return sentinel::TimePoint() + std::chrono::hours(1) + std::chrono::milliseconds(milliseconds);
}

// A vote given at at(0) unless said otherwise.
inline sentinel::Vote vote(std::string_view address, std::uint64_t epoch, int when = 0)
{
    sentinel::Vote made;
    made.address = endpoint(address);
    made.config_epoch = epoch;
    made.answered_at = at(when);
    return made;
}

// That of a process, by one digit.
inline RunId run_id(char digit)
{
    return RunId(std::string(RunId::digits, digit));
}

// The Sentinel does not know the name.
inline sentinel::Vote nil(int when = 0)
{
    sentinel::Vote made;
    made.answered_at = at(when);
    return made;
}

inline verdict::Subject subject()
{
    verdict::Subject made;
    made.name = "mymaster";
    made.servers = {{"R1", endpoint("r1:1")}, {"R2", endpoint("r2:1")}, {"R3", endpoint("r3:1")}};
    return made;
}

inline verdict::Evidence evidence(const Ballots& ballots)
{
    return {ballots, {}, {}};
}

// What stands after a majority has named `address` at `epoch`.
inline verdict::Standing standing(std::string_view address, std::uint64_t epoch)
{
    verdict::Standing made;
    made.current = endpoint(address);
    made.high_water = epoch;
    return made;
}

}  // namespace spoa::test
