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

// What the node in force last said of itself, since it came into force. It outlives the node's
// silence and our own forgetting: only another word takes it back.
enum class Word : std::uint8_t { none, master, replica, loading };

// Takes what the probe of the node in force tells.
void hear_word(Word& word, const Probe* probe, TimePoint in_force_since);

constexpr bool denies(Word word)
{
    return word == Word::replica || word == Word::loading;
}

// Why the node itself speaks against being used as master since `in_force_since`; empty when it
// does not. It is given probe_deadline to answer. Silence alone never speaks against it: a firewall
// between it and us must not close the name.
std::string role_objection(Word word, const Probe* probe, TimePoint in_force_since, TimePoint now);

}  // namespace spoa::verdict
