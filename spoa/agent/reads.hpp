#pragma once

#include "agent/snapshot.hpp"
#include "verdict/replica_policy.hpp"
#include "verdict/replica_watch.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace spoa::agent {

// The answers to role=replica for one name at one moment: one for each replica that is fresh
// enough, or a single one when none is. Never changed.
struct Reads {
    struct Choice {
        std::shared_ptr<const Answer> answer;
        std::size_t counter = 0;  // its place in Tally::reads
    };
    std::vector<Choice> choices;
    std::vector<std::uint16_t> order;  // of the choices: each by its weight, evenly mixed
    std::size_t refused = 0;           // the counter of questions that nobody was named for

    // Whose turn it is. Every worker counts its own turns.
    const Choice& choose(std::uint32_t turn) const { return choices[order[turn % order.size()]]; }

    bool is_clear() const { return choices.front().answer->is_clear(); }
};

// Where the answers to role=replica are counted.
struct ReadCounters {
    std::vector<std::size_t> targets;  // in the order of the set
    std::size_t master = 0;
    std::size_t none = 0;

    std::size_t last() const
    {
        const auto most = std::max(master, none);
        return targets.empty() ? most : std::max(most, *std::ranges::max_element(targets));
    }
};

// The reads of a name as they are now.
struct ReadUpdate {
    const verdict::ReadSet& set;
    verdict::ReadFallback fallback = verdict::ReadFallback::master;
    ReadCounters counters;
};

// `master` is the answer to role=master that the same update has made.
std::shared_ptr<const Reads> make_reads(
    const Update& update, const std::shared_ptr<const Answer>& master);

// One answer to all, as for a name that offers no reads.
std::shared_ptr<const Reads> only_answer(std::shared_ptr<const Answer> answer);

// In which order choices of these weights take turns: each as often as its weight says, and as
// far apart from each other as that allows.
std::vector<std::uint16_t> turns_of(const std::vector<unsigned>& weights);

}  // namespace spoa::agent
