// What to do about the address A that a majority of valid votes names. E(A) is the highest epoch
// among its supporters and C(A) the highest that a majority of all Sentinels confirms. H, the
// high-water epoch, is the highest C ever in force.
//
//   nothing in force yet    switch to A
//   A is in force           H rises to C(A); it falls to C(A) when nobody claims H elsewhere
//   A is new,  E(A) > H     switch to A
//   A is new,  E(A) = H     a tie, until a stable majority has stood for `tie_hold`
//   A is new,  E(A) < H     a regress, until it has stood for `regress_hold` and nobody claims an
//                           epoch >= H for another address
//
// H comes from C and never from E: a single Sentinel, or a vote torn between an old address and
// a new epoch, must not be able to lift it.
#pragma once

#include "sentinel/electorate.hpp"
#include "verdict/case.hpp"
#include "verdict/standing.hpp"

#include <chrono>
#include <cstdint>
#include <string_view>

namespace spoa::verdict {

inline constexpr std::chrono::milliseconds tie_hold{2'500};       // a hello period and a margin
inline constexpr std::chrono::milliseconds regress_hold{10'000};  // five hello periods

// Which line of the table decided.
enum class Ruling : std::uint8_t {
    first,
    in_force,
    higher_epoch,
    tie,
    tie_over,
    regress,
    regress_over,
};

// Puts the majority's address in force, or lets it wait as the contender.
Ruling rule(const Case& c, const sentinel::Majority& majority, Standing& standing);

// The line in words; static text.
std::string_view text_of(Ruling ruling);

}  // namespace spoa::verdict
