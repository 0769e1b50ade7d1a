// The rule that turns votes into a verdict. Pure: the same input gives the same answer, time is
// an argument.
//
// N is the number of configured Sentinels and the majority N/2+1 of it. For the address A that a
// majority of valid votes names, E(A) is the highest epoch among its supporters and C(A) the
// highest that a majority of them confirms. H, the high-water epoch, is the highest C ever in
// force.
//
//   nothing in force yet    switch to A
//   A is in force           H rises to C(A); it falls to C(A) when nobody claims H elsewhere
//   A is new,  E(A) > H     switch to A
//   A is new,  E(A) = H     conflict, until a stable majority has stood for `tie_hold`
//   A is new,  E(A) < H     regress, until it has stood for `regress_hold` and nobody claims an
//                           epoch >= H for another address
//   no A                    keep the address in force: no-quorum, or conflict when all are heard
//
// H comes from C and never from E: a single Sentinel, or a vote torn between an old address and
// a new epoch, must not be able to lift it. An address in force may still be in doubt (doubt.hpp);
// doubt closes the gate and never moves it.
#pragma once

#include "verdict/doubt.hpp"
#include "verdict/evidence.hpp"
#include "verdict/policy.hpp"
#include "verdict/server.hpp"
#include "verdict/verdict.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace spoa::verdict {

// One monitored name, as configured.
struct Subject {
    std::string name;
    std::vector<Server> servers;  // empty: any address will do
    Policy policy;
    std::chrono::milliseconds vote_ttl{1500};
};

inline constexpr std::chrono::milliseconds tie_hold{2'500};       // a hello period and a margin
inline constexpr std::chrono::milliseconds regress_hold{10'000};  // five hello periods
inline constexpr std::chrono::milliseconds stale_after{5'000};    // without any vote
inline constexpr std::chrono::milliseconds ask_anew_limit{2'000};
inline constexpr std::chrono::milliseconds tombstone_hold{30'000};

// An address that was named at a moment, and ever since.
struct Claim {
    Endpoint address;
    TimePoint since;

    bool operator==(const Claim&) const = default;
};

// What a name's verdict rests on beside the evidence. Kept by the caller from one judgement to
// the next.
struct Standing {
    std::optional<Endpoint> current;  // the address in force
    std::uint64_t high_water = 0;     // H
    TimePoint in_force_since;         // of `current`
    std::optional<Claim> contender;   // a majority's address that may not be followed yet
    std::optional<Claim> challenger;  // another address than `current` that somebody names
    std::optional<TimePoint> quorum_lost_at;
    std::optional<TimePoint> unheard_since;  // no valid vote from anyone
    // All votes were dropped and asked for anew: nothing is open until a majority answered.
    std::optional<TimePoint> asked_anew_at;
    bool down = false;  // is_down's memory
    StallWatch stall;
    std::vector<Claim> tombstones;  // demoted masters that have not said they are replicas

    bool operator==(const Standing&) const = default;
};

struct Judgement {
    Verdict verdict;
    Standing standing;
    std::optional<TimePoint> look_again;  // the verdict changes by itself then, if nothing comes
};

Judgement judge(const Subject& subject, const Evidence& evidence, Standing standing, TimePoint now);

}  // namespace spoa::verdict
