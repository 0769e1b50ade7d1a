#pragma once

#include "sentinel/event_parser.hpp"
#include "verdict/judge.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <span>
#include <vector>

namespace spoa::verdict {

// A verdict that differs from the one before.
struct Change {
    Verdict before;
    Verdict after;
    TimePoint at;
    // From the first vote for the new address to the verdict; nothing when the address stayed.
    std::optional<std::chrono::steady_clock::duration> delay;

    // Whether traffic or an operator would notice: the address, the state, the gate, the epoch.
    bool notable() const;

    // Whether it sends connections elsewhere, or sends them at all or no more.
    bool decides() const;
};

// One name under watch: the evidence as it comes, and the verdict that follows from it.
// Time is an argument throughout.
class Watch {
public:
    static constexpr std::size_t history_size = 20;

    Watch(Subject subject, std::size_t sentinels, TimePoint now);

    // Starts from what was in force before a restart: held until a majority speaks.
    void restore(const Endpoint& address, std::uint64_t high_water, TimePoint now);

    // After restore(): goes on with the doubts of the process before, a promotion that it heard of
    // and what had shut the gate.
    void resume(std::optional<Promotion> promotion, std::optional<State> shut);

    // The name is configured otherwise from now on. Evidence and standing stay.
    void set_subject(Subject subject) { subject_ = std::move(subject); }

    // Other Sentinels are configured: for each its place before, nothing where it is new. Votes and
    // claims of those that stay are kept.
    void set_sentinels(std::span<const std::optional<std::size_t>> places_before);

    // A Sentinel answered. True when that is news: more than its last vote once again, in time. Of
    // the replicas that it may promote those that no server has are kept, of the processes that it
    // knows those of servers.
    bool cast(std::size_t sentinel, Vote vote);

    // The connection to it is lost, and its vote void.
    void lose(std::size_t sentinel);

    // A Sentinel published something about this name.
    void hear(std::size_t sentinel, const sentinel::Event& event, TimePoint now);

    // Only these nodes are probed from now on.
    void set_probed(std::span<const Endpoint> addresses);

    // A data node answered or fell silent; replaces what was known of it.
    void examine(Probe probe);

    // HAProxy's servers that lead elsewhere: in its backends for writes, and in those for reads.
    // True when that is news.
    bool set_misplaced(std::vector<Misplaced> writes, std::vector<Misplaced> reads);

    // Everything heard before `now` may be outdated: the agent itself was stopped.
    void forget(TimePoint now);

    // Judges anew. Call it after every change of the evidence, now and then because votes age,
    // and at look_again().
    std::optional<Change> review(TimePoint now);

    const Subject& subject() const { return subject_; }
    const Verdict& verdict() const { return verdict_; }
    const Standing& standing() const { return standing_; }
    std::span<const std::optional<Vote>> ballots() const { return ballots_; }
    std::span<const Probe> probes() const { return probes_; }
    // The oldest of those that were neither aborted nor finished; one that flaps is always newer.
    std::optional<Promotion> promotion() const;
    std::span<const Misplaced> misplaced_reads() const { return misplaced_reads_; }
    const std::deque<Change>& history() const { return history_; }  // notable ones, oldest first
    TimePoint since() const { return since_; }                      // of the last notable change
    std::optional<TimePoint> look_again() const { return look_again_; }

private:
    void end_promotions(TimePoint now);

    Subject subject_;
    std::vector<std::optional<Vote>> ballots_;
    std::vector<Probe> probes_;
    std::vector<Promotion> promotions_;  // one of a Sentinel
    std::vector<Misplaced> misplaced_;
    std::vector<Misplaced> misplaced_reads_;
    Standing standing_;
    Verdict verdict_;
    std::deque<Change> history_;
    TimePoint since_;
    std::optional<TimePoint> look_again_;
};

}  // namespace spoa::verdict
