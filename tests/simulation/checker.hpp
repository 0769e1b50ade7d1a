// The invariants, one agent at a time. Nothing here calls the rule: the majority, its epochs and
// how long it has stood are counted anew from the answers that the agent was given.
#pragma once

#include "simulation/journal.hpp"
#include "simulation/world.hpp"
#include "verdict/replica_watch.hpp"
#include "verdict/watch.hpp"

#include <array>
#include <deque>
#include <optional>

namespace spoa::simulation {

inline constexpr Time vote_ttl = 1'500 * ms;
inline constexpr Time tie_hold = 2'500 * ms;
inline constexpr Time regress_hold = 10 * second;
inline constexpr Time doubt_outlives = 5 * second;  // its majority
// How long after the Sentinels agree an agent that is connected to them has heard it from each:
// one poll period with its jitter (550 ms), a question that was torn (5 + 2 x 40 ms), and that
// question again (5 ms, likewise), rounded up.
inline constexpr Time direct_bound = 800 * ms;

// What one lying Sentinel may close in any minute: its word's budget, and the agent's next look.
inline constexpr Time lie_window = 60 * second;
inline constexpr Time lie_bound = 2 * second;

// A replica acknowledges once a second, the agent asks 200 ms later at most: after these a master
// that is followed is known to be, one that is not no longer takes writes of the minority's side.
inline constexpr Time followed_bound = 2 * second;
inline constexpr Time isolated_bound = 2'500 * ms;

// Sentinels that are connected have asked whoever is at the master's address.
inline constexpr Time info_bound = 11 * second;

// What was counted from the answers at one moment.
struct Tally {
    int votes = 0;                // distinct identities with a young answer
    int address = nowhere;        // that a majority names
    std::uint64_t highest = 0;    // of its supporters' epochs
    std::uint64_t confirmed = 0;  // what a majority of all vouches for
    bool unknown = false;         // a majority does not know the name
};

class Checker {
public:
    Checker(int agent, const World& world, Journal& journal);

    // The agent started anew.
    void start(const verdict::Watch& watch);
    // An answer was taken for a vote.
    void cast(int entry, int first, int last, const Said& master, Time asked_at, bool full);
    void lose(int entry);
    void forget();
    // Something changed between the agent and its Sentinels.
    void touch() { ++version_; }
    // The agent itself is stopped: nothing can be expected of it before.
    void pause(Time until) { agreed_since_ = paused_until_ = until; }

    // What a node answered, and that it did not.
    void hear_node(int node, const verdict::Probe& probe, Time now);
    void miss_node(int node, bool refused, Time now);

    // After every judgement of the replicas.
    void check_reads(const verdict::ReplicaWatch& reads);

    // After every judgement. Says whether the address in force is another. Throws Violation.
    bool check(const verdict::Watch& watch, Time now);

    // The address that this agent gives to clients by the word of a majority; nowhere while it
    // has none, holds one, or refuses.
    int served() const { return served_; }
    int current() const { return current_; }
    bool fine() const { return fine_; }  // open, and ok or degraded

private:
    struct Given {
        bool valid = false;
        int address = nowhere;
        std::uint64_t epoch = 0;
        Time asked_at = 0;
        int identity = 0;
        int run_id = nowhere;
    };

    Tally count(Time now);
    bool claimed_elsewhere(int address, std::uint64_t epoch) const;
    bool is_valid(int entry, Time now) const;
    int count_support(int entry, Time now) const;
    bool counts(int entry) const { return (valid_ >> static_cast<unsigned>(entry) & 1U) != 0; }
    void check_adoption(const Tally& tally, int before, std::uint64_t high_before, Time now);
    void check_epochs(const Tally& tally, int before, std::uint64_t high_before);
    void check_gate(const verdict::Watch& watch, const Tally& tally, Time now);
    void check_progress(const verdict::Watch& watch, const Tally& tally, Time now);
    void check_word(const verdict::Watch& watch) const;
    void look_at_process();
    void check_process(const verdict::Watch& watch, Time now) const;
    bool is_gone(Time now) const;
    void look_at_knowledge(Time now);
    bool is_unproven(Time now) const;
    void look_at_followers(Time now);
    void check_isolation(const verdict::Watch& watch, const Tally& tally, Time now);
    void look_at_sentinels(Time now);
    bool node_denies(int place, Time now) const;
    bool said_otherwise(int place) const;
    int sentinels_without(int place, Time now) const;
    void note_refutation(Time now);
    bool leaders_answer(std::uint32_t leaders, Time now) const;
    bool is_justified(const verdict::Watch& watch, Time now) const;
    bool is_switching_justified(Time now, bool denies, bool two_masters) const;
    void look_at_calm(Time now);
    bool is_quiet(Time now) const;
    void check_budget(const verdict::Watch& watch, Time now);
    [[noreturn]] void fail(const char* invariant, const std::string& text) const;
    int needed() const { return world_.setup().sentinels / 2 + 1; }

    // What a node said last to this agent.
    struct Heard {
        Time answered_at = never;
        Time missed_at = never;
        bool denies = false;     // it is a replica, or loads
        bool listed = false;     // it has named a replica that acknowledged, as the master in force
        bool begins = false;     // it named one that has acknowledged nothing yet
        Time begins_at = never;  // when that was so last
        int process = 0;
        int fresh_process = -1;     // when its data were within the limits
        Time missed_since = never;  // since its last answer
        bool gone = false;          // and it refused connections since
    };

    int agent_;
    const World& world_;
    Journal& journal_;
    std::array<Given, max_sentinels> given_{};
    std::array<bool, max_sentinels> up_{};
    std::uint32_t valid_ = 0;  // bits of the entries whose answers count now
    int current_ = nowhere;
    std::uint64_t high_ = 0;
    int served_ = nowhere;
    bool fine_ = false;
    Time in_force_since_ = 0;
    int claim_ = nowhere;  // the majority's address while it is not the one in force
    Time claim_since_ = 0;
    // What the Sentinels themselves would say now, and since when.
    int agreed_ = nowhere;
    std::uint64_t agreed_print_ = 0;
    Time agreed_since_ = 0;
    Time paused_until_ = never;
    Time heard_first_ = never;      // a majority, since the start or since all votes were forgotten
    Time calm_since_ = never;       // all are heard, honest, and content with the master in force
    Time switching_since_ = never;  // the state is `switching`
    struct Span {
        Time from = 0;
        Time to = 0;
    };
    std::deque<Span> lied_shut_;  // by one liar alone, in the last minute
    int lied_about_ = nowhere;    // the master in force then
    bool is_lied_shut_ = false;
    Time doubted_ = never;  // the last majority was, which shut the gate
    std::array<Heard, nodes> heard_{};
    int known_ = nowhere;  // the process at the address in force, as a majority said last
    bool other_ = false;   // another one has answered there
    Time unproven_at_ =
        0;  // when fewer honest Sentinels than a majority knew the one that is there
    Time majority_at_ = 0;    // a majority was last heard, or all votes were forgotten
    Time unfollowed_at_ = 0;  // the master in force was last without a replica that gets its writes
    Time followed_at_ = 0;    // and with one
    std::array<Time, nodes + 1>
        refuted_;  // when a promotion was last known to have come to nothing
    std::uint64_t version_ = 0;
    std::uint64_t seen_version_ = 0;
    std::uint64_t seen_world_ = 0;
};

}  // namespace spoa::simulation
