// The rule that turns votes into a verdict. Pure: the same input gives the same answer, time is
// an argument.
//
// N is the number of configured Sentinels and the majority N/2+1 of it. An address that a majority
// names is ruled on by its epoch (ruling.hpp); without one the last address is kept (fallback.hpp).
// An address in force may still be in doubt (doubt.hpp, promotion.hpp); doubt closes the gate and
// never moves it.
#pragma once

#include "verdict/evidence.hpp"
#include "verdict/standing.hpp"
#include "verdict/subject.hpp"
#include "verdict/verdict.hpp"

#include <chrono>
#include <optional>

namespace spoa::verdict {

inline constexpr std::chrono::milliseconds tombstone_hold{30'000};

struct Judgement {
    Verdict verdict;
    Standing standing;
    std::optional<TimePoint> look_again;  // the verdict changes by itself then, if nothing comes
};

Judgement judge(const Subject& subject, const Evidence& evidence, Standing standing, TimePoint now);

}  // namespace spoa::verdict
