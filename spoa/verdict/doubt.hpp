// Reasons not to use an address although a majority of the Sentinels names it. Each is a pure
// question about the evidence; judge.cpp asks them in order.
#pragma once

#include "verdict/evidence.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace spoa::verdict {

inline constexpr std::chrono::milliseconds probe_deadline{50};  // for ROLE after a switch
inline constexpr std::chrono::milliseconds silence_limit{400};  // then the node is silent
inline constexpr std::chrono::milliseconds stall_limit{350};    // of the replicas' offsets
inline constexpr std::chrono::milliseconds ping_limit{300};     // of a Sentinel's unanswered PING

// How many Sentinels, of those whose flags count, see `address` as down. The flags of a Sentinel
// in TILT do not count, and never those that are about another address.
struct DownCount {
    std::size_t s_down = 0;  // subjectively or objectively
    std::size_t o_down = 0;
};
DownCount count_down(std::span<const Vote> votes, const Endpoint& address);

// Whether the master is to be taken for down: at the first o_down as soon as a second Sentinel
// has s_down, or at a majority of s_down. Once down it stays so while two see it down; while one
// does, until the node itself, where it is probed, answers as master.
bool is_down(
    bool was_down, std::span<const Vote> votes, const Endpoint& address, std::size_t sentinels,
    const Probe* probe, TimePoint now);

// Why the node itself speaks against being used as master since `in_force_since`; empty when it
// does not. It is given probe_deadline to answer; its silence never speaks against it.
std::string role_objection(const Probe* probe, TimePoint in_force_since, TimePoint now);

// Watches for a master that answers us and takes writes while no replica gets them: the sign of
// a partition that has not reached us. Kept from one judgement to the next.
struct StallWatch {
    std::optional<TimePoint> last_answer;  // of the master
    std::uint64_t master_offset = 0;
    std::uint64_t replica_offset = 0;     // the sum of all
    bool replicas_seen = false;           // some replica has followed once
    bool growing = false;                 // the master took writes since the replicas stand still
    std::chrono::nanoseconds stalled{0};  // only time in which the master answered
    TimePoint began;

    bool operator==(const StallWatch&) const = default;
};

// Brings `stall` up to date with the probes.
void watch_stall(StallWatch& stall, std::span<const Probe> probes, const Endpoint& master);

// The stall has lasted, and two Sentinels, asked after it began, wait for a PING themselves. With
// one Sentinel configured, that one.
bool is_isolated(
    const StallWatch& stall, std::span<const Vote> votes, const Endpoint& master,
    std::size_t sentinels);

}  // namespace spoa::verdict
