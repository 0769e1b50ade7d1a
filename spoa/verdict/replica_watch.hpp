// Which replicas of a name may serve reads. Pure: time is an argument, and all evidence comes from
// the name's Watch.
//
// A replica is fresh when it answers, is seen by the Sentinels, is no master, follows the master in
// force over a link that is up, does not load, is announced, and is within the limits of the policy
// in bytes and in time.
// One that was beyond a limit comes back when it has been below half of it for `settle_time`, so
// that lag around the limit does not flap.
//
// While the master is in doubt nobody can tell how fresh a replica is. One that was fresh until
// then is kept as long as it still follows that master, also after the verdict has moved, until
// `replica_grace` is over; unless the policy is strict. What was fresh is that process with that
// data: one that was started anew, whose offset went back, or whose link had lapsed while its
// master was beyond doubt, is kept no more. A link that breaks because the master died is what is
// expected.
#pragma once

#include "verdict/fitness.hpp"
#include "verdict/offset_history.hpp"
#include "verdict/server.hpp"
#include "verdict/sight.hpp"
#include "verdict/watch.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace spoa::verdict {

inline constexpr std::chrono::milliseconds replica_silence{700};  // then it is silent
inline constexpr std::chrono::milliseconds settle_time{400};
// So long a link may be down, beside a master that answers. Replicas try again once a second.
inline constexpr std::chrono::milliseconds link_lapse{1'000};
// So long a majority of the Sentinels may be without a connection to it: after a switch and after a
// RESET they all are for up to a second, and are asked once a second.
inline constexpr std::chrono::seconds unseen_time{3};
inline constexpr std::chrono::seconds replica_grace{60};
// A partition takes so long to become a doubt; replicas may have gone beyond a limit by then.
inline constexpr std::chrono::milliseconds until_doubt{2'000};

// Where a read may go, and how often in relation to the others.
struct ReadTarget {
    Server server;
    unsigned weight = 1;

    bool operator==(const ReadTarget&) const = default;
};

struct ReadSet {
    std::vector<ReadTarget> targets;
    std::string reason;  // one sentence when there are none

    bool operator==(const ReadSet&) const = default;
};

// What is known of one server as a place for reads.
struct Replica {
    Server server;
    Fitness fitness = Fitness::unknown;
    TimePoint since;                          // of the fitness
    std::optional<std::uint64_t> lag_bytes;   // when it last answered
    std::optional<TimePoint> complete_until;  // it has all that was written before

    // What its fitness rests on.
    std::optional<TimePoint> good_at;         // when it was last within the limits
    Endpoint good_master;                     // and of whom
    RunId good_run_id;                        // and as which process
    std::uint64_t good_offset = 0;            // and with how much
    std::optional<TimePoint> unlinked_since;  // while its master was beyond doubt
    bool lapsed = false;                      // it has been beyond a limit since
    std::optional<TimePoint> well_below_since;
    std::optional<TimePoint> sampled;  // the last answer that was looked at
    Sight sight;
    std::optional<TimePoint> unseen_since;  // by a majority
};

// The fitness in words, with how many Sentinels say so where that is why.
std::string words_for(const Replica& replica);

class ReplicaWatch {
public:
    // Judges all servers anew, after each review of `watch`, and at look_again(). True when the
    // set that reads go to is another one.
    bool review(const Watch& watch, TimePoint now);

    // Whether every server has been asked, and measured where it can be.
    bool knows_all() const;

    const ReadSet& reads() const { return reads_; }
    std::span<const Replica> replicas() const { return replicas_; }  // in the order of the servers
    std::optional<TimePoint> look_again() const { return look_again_; }

private:
    // A master that was in force before this one.
    struct Former {
        Endpoint address;
        TimePoint doubted_since;
        TimePoint replaced_at;
    };

    void follow_master(const Watch& watch, TimePoint now);
    void follow_servers(const Watch& watch, TimePoint now);
    void measure(Replica& replica, const Probe& probe, const ReplicaPolicy& policy) const;
    Fitness judge(Replica& replica, const Watch& watch, TimePoint now);
    Fitness judge_lag(
        Replica& replica, const Probe& probe, const ReplicaPolicy& policy, TimePoint now);
    void watch_link(Replica& replica, const Probe& probe) const;
    std::optional<TimePoint> kept_until(const Replica& replica, const Probe& probe) const;
    ReadSet choose(const ReplicaPolicy& policy) const;
    void plan_look(const Watch& watch, TimePoint now);

    std::optional<Endpoint> master_;  // in force
    OffsetHistory history_;           // of it
    std::optional<TimePoint> doubted_since_;
    std::optional<Former> former_;
    std::vector<Replica> replicas_;
    ReadSet reads_;
    std::optional<TimePoint> look_again_;
};

}  // namespace spoa::verdict
