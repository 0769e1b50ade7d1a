// Whether the master in force is cut off from those that replace it, while it answers us and takes
// writes: they would be lost.
//
//   the Sentinels                      its replicas                             isolated
//   a majority, and two of them        stand still, by their own offsets        after 350 ms
//   wait for its PONG                  acknowledge nothing, by its own list     after 1.6 s
//   a majority that does not wait      whatever                                 no
//   no majority                        acknowledge nothing, by its own list     after 1.6 s
//                                      one acknowledges; or none ever did       no
//
// Only time counts in which the master answered. A replica stands still by its own offset if it has
// been linked to this master, still answers us and still follows it: not one that died, or that
// gets all data anew. Without a majority we may be on the minority's side ourselves, where we reach
// no replica: so only the master's own list counts, of what each replica has acknowledged (ROLE,
// once a second) and how long ago (INFO).
#pragma once

#include "verdict/evidence.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace spoa::verdict {

inline constexpr std::chrono::milliseconds stall_limit{350};  // of the replicas' offsets
inline constexpr std::chrono::milliseconds ping_limit{300};   // of a Sentinel's unanswered PING
// Of what the replicas acknowledge. They do so once a second, by a timer that is late on a busy
// machine, and we ask five times a second.
inline constexpr std::chrono::milliseconds unheard_limit{1'600};
inline constexpr std::uint64_t lag_limit = 3;  // seconds by INFO, also without writes
// Replicas that are gone for so long while a majority has no doubt were not lost by a cut.
inline constexpr std::chrono::milliseconds gone_limit{10'000};

// What our own probes of the replicas tell.
struct StallWatch {
    // A replica that has been linked to this master, and what it had taken then.
    struct Follower {
        Endpoint address;
        std::uint64_t offset = 0;

        bool operator==(const Follower&) const = default;
    };
    std::vector<Follower> followers;
    std::uint64_t master_offset = 0;
    bool growing = false;                 // the master took writes since they stand still
    std::chrono::nanoseconds stalled{0};  // since then
    TimePoint began;                      // votes from before say nothing of it

    bool operator==(const StallWatch&) const = default;
};

// What the master's own list of its replicas tells.
struct ListWatch {
    std::vector<node::Acknowledged> last;
    bool followed = false;                // some replica has acknowledged something
    std::chrono::nanoseconds unheard{0};  // there was something to acknowledge, and none did
    // One began to synchronize after the last acknowledgement: it has reached the master.
    bool joining = false;
    std::size_t syncing = 0;
    std::size_t copying = 0;  // of these, by INFO: they get the data, and no lag is told of them
    std::optional<TimePoint> informed_at;  // by INFO, which tells the lag
    std::optional<std::uint64_t> lag;
    bool lag_grows = false;  // beyond the limit
    std::optional<TimePoint> gone_since;
    TimePoint began;  // votes from before say nothing of it

    bool operator==(const ListWatch&) const = default;
};

// Kept from one judgement to the next, and begun anew with each master.
struct IsolationWatch {
    std::optional<TimePoint> last_answer;  // of the master
    StallWatch stall;
    ListWatch list;

    // We were stopped, or the node was no master: what our probes showed is outdated. What the
    // master's list said is compared with what it says next.
    void forget();

    bool operator==(const IsolationWatch&) const = default;
};

// Brings `watch` up to date with the probes.
void watch_isolation(IsolationWatch& watch, std::span<const Probe> probes, const Endpoint& master);

// A majority is heard, and has no doubt about the master.
void note_calm(ListWatch& list, TimePoint now);

// By its own list no replica gets what the master writes any more. Stays so until it tells of one:
// while it says nothing, and when it drops those that were silent.
bool has_lost_replicas(const ListWatch& list);

// With a majority: its replicas get nothing, and two Sentinels, asked after that began, wait for
// its PONG themselves. With one Sentinel configured, that one.
bool is_isolated(
    const IsolationWatch& watch, std::span<const Vote> votes, const Endpoint& master,
    std::size_t sentinels);

}  // namespace spoa::verdict
