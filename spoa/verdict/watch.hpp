#pragma once

#include "verdict/judge.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace spoa::verdict {

// A verdict that differs from the one before in what traffic or an operator would notice.
struct Change {
    Verdict before;
    Verdict after;
    // From the first vote for the new address to the verdict; nothing when the address stayed.
    std::optional<std::chrono::steady_clock::duration> delay;
};

// One name under watch: the votes as they come, and the verdict that follows from them.
// Time is an argument throughout.
class Watch {
public:
    Watch(Subject subject, std::size_t sentinels, TimePoint now);

    // A Sentinel answered, or the connection to it is lost and its vote void.
    void cast(std::size_t sentinel, Vote vote);
    void lose(std::size_t sentinel);

    // Judges anew. Call it after every vote, and now and then because votes age.
    std::optional<Change> review(TimePoint now);

    const Subject& subject() const { return subject_; }
    const Verdict& verdict() const { return verdict_; }
    std::span<const std::optional<Vote>> ballots() const { return ballots_; }
    TimePoint since() const { return since_; }  // of the verdict's address, state and gate

private:
    Subject subject_;
    std::vector<std::optional<Vote>> ballots_;
    Standing standing_;
    Verdict verdict_;
    TimePoint since_;
};

}  // namespace spoa::verdict
