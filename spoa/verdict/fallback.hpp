// The verdict while no address has a majority: the last one stays in force, and these decide
// whether traffic may go there.
#pragma once

#include "verdict/case.hpp"
#include "verdict/standing.hpp"
#include "verdict/verdict.hpp"

#include <chrono>
#include <optional>

namespace spoa::verdict {

inline constexpr std::chrono::milliseconds stale_after{5'000};  // without any vote
inline constexpr std::chrono::milliseconds ask_anew_limit{2'000};
inline constexpr std::chrono::milliseconds doubt_outlives{5'000};  // the majority that raised it

// Nothing is open between a moment at which everything may have changed unseen and the next
// majority; but not for ever. Nothing when there was no such moment, or it is over.
std::optional<Verdict> judge_asked_anew(const Case& c, Standing& standing);

// Too few can be heard, a majority does not know the name, or all are heard and none agrees. Never
// open within `doubt_outlives` of a majority that was in doubt and shut the gate.
Verdict judge_disunity(const Case& c, Standing& standing);

}  // namespace spoa::verdict
