// Questions for replicas, and snapshots that have some.
#pragma once

#include "agent/reads.hpp"
#include "agent/spop_frames.hpp"
#include "agent/verdicts.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::test {

// R2, R3 … in this order, with these weights.
inline verdict::ReadSet read_set(const std::vector<unsigned>& weights)
{
    verdict::ReadSet set;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const auto number = std::to_string(i + 2);
        set.targets.push_back({{"R" + number, {"10.0.0." + number, 6379}}, weights[i]});
    }
    if (set.targets.empty())
        set.reason = "no replica is fresh enough";
    return set;
}

// The snapshot with this verdict and these reads of the name at `place`. The counters are 0 for no
// server, 1 for the master, and from 2 on for the replicas.
inline std::shared_ptr<const agent::Snapshot> with_reads(
    const agent::Snapshot& old, const verdict::Verdict& verdict, const verdict::ReadSet& set,
    verdict::ReadFallback fallback = verdict::ReadFallback::master,
    std::chrono::milliseconds wait = std::chrono::milliseconds(0), std::size_t place = 0)
{
    agent::ReadCounters counters{{}, 1, 0};
    for (std::size_t i = 0; i < set.targets.size(); ++i)
        counters.targets.push_back(i + 2);
    const agent::ReadUpdate reads{set, fallback, counters};
    const std::vector<agent::Update> updates{{place, &verdict, wait, {}, &reads}};
    return agent::with_updates(old, updates);
}

inline Bytes question_for_replica(std::string_view master)
{
    return question({item("master", typed_text(master)), item("role", typed_text("replica"))});
}

}  // namespace spoa::test
