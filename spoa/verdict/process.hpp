// Which process is at the address in force. An address may be given to another node, as that of a
// pod is, which says that it is a master as well; a Redis that was started anew looks the same. The
// Sentinels tell them apart by run_id, and believe whoever is there from their next INFO on, after
// ten seconds at most. Until then the node is not the one that they name.
//
//   the node's run_id is        by a majority's word it is     used
//   known                       the same, or not known         yes
//   known                       another                        no
//   not known: it hung up, or   whatever                       no: whoever comes there next has to
//   refuses connections                                        say who it is
//   known, and its host name    the same                       yes
//   led elsewhere before        not known                      no
//   not known: INFO is refused, whatever                       yes
//   or it never answered
#pragma once

#include "verdict/evidence.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace spoa::verdict {

// A Sentinel that is connected to a master asks it for INFO within it (sentinel.c,
// sentinel_info_period, and a margin).
inline constexpr std::chrono::milliseconds info_limit{11'000};

// Kept from one judgement to the next, and begun anew with each master.
struct ProcessWatch {
    RunId named;         // which a majority of all Sentinels had last for the master at the address
    RunId told;          // which the node itself told with its last answer
    bool other = false;  // that was another one: outlives the node's silence
    bool heard = false;  // it has answered
    std::optional<TimePoint> gone_since;  // it hung up, and nobody has answered there since

    bool operator==(const ProcessWatch&) const = default;
};

// Brings `watch` up to date. A node that has never answered is not gone: a firewall between it and
// us closes no name. Nor is one, for longer than `info_limit`, to which a majority is connected:
// they have asked whoever is there.
void watch_process(
    ProcessWatch& watch, const Probe* probe, std::span<const Vote> votes, const Endpoint& address,
    std::size_t needed, TimePoint now);

// Why whoever is at the address may not be the node that the Sentinels name, in words that follow
// its name; empty when nothing speaks against it.
std::string process_objection(const ProcessWatch& watch);

}  // namespace spoa::verdict
