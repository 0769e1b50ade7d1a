#pragma once

#include "verdict/evidence.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace spoa::verdict {

// How much the master in force had written when: from it follows how old a replica's data may be.
// One clock, ours. A master asked at T answers with an offset that holds all that was written
// before T; so a replica that has taken that much has all that was written before T.
//
// It remembers some minutes at least, the longer ago the coarser.
class OffsetHistory {
public:
    static constexpr std::size_t most_samples = 256;

    // The master was asked at `asked`, and has written so much. An offset that fell is that of
    // another history, and begins this anew.
    void note(TimePoint asked, std::uint64_t offset);
    void clear() { samples_.clear(); }

    bool empty() const { return samples_.empty(); }
    // Not of an empty one:
    TimePoint first_asked() const { return samples_.front().asked; }
    TimePoint last_asked() const { return samples_.back().asked; }

    // How many bytes a replica that answered a question of `asked` with `offset` was behind at
    // least; nothing where the master had not been asked by then.
    std::optional<std::uint64_t> bytes_behind(TimePoint asked, std::uint64_t offset) const;

    // The latest moment of which is known that a replica with this offset has all that was written
    // before it; nothing when it is too far behind to tell.
    std::optional<TimePoint> complete_until(std::uint64_t offset) const;

private:
    struct Sample {
        TimePoint asked;
        std::uint64_t offset;
    };
    void thin_out();

    std::vector<Sample> samples_;  // both grow from one to the next; no three have one offset
};

}  // namespace spoa::verdict
