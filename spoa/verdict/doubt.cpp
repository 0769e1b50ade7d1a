#include "verdict/doubt.hpp"

#include "sentinel/electorate.hpp"

#include <algorithm>

namespace spoa::verdict {

using std::chrono::milliseconds;

DownCount count_down(std::span<const Vote> votes, const Endpoint& address)
{
    DownCount count;
    for (const auto& vote : votes) {
        if (!flags_count(vote, address))
            continue;
        count.o_down += vote.flags.o_down ? 1 : 0;
        count.s_down += vote.flags.s_down || vote.flags.o_down ? 1 : 0;
    }
    return count;
}

bool is_down(
    bool was_down, std::span<const Vote> votes, const Endpoint& address, std::size_t sentinels,
    const Probe* probe, TimePoint now)
{
    const auto [s_down, o_down] = count_down(votes, address);
    const bool majority = s_down >= sentinel::majority_of(sentinels);
    if (!was_down)
        return majority || (o_down > 0 && s_down >= std::min<std::size_t>(2, sentinels));
    if (s_down >= std::min<std::size_t>(2, sentinels))
        return true;
    return s_down > 0 && probe && !says(probe, Role::master, now);
}

std::string role_objection(const Probe* probe, TimePoint in_force_since, TimePoint now)
{
    if (!probe)
        return {};
    // An answer from just before the switch is as good, if it is the one we hope for.
    constexpr milliseconds just_before{200};
    const bool asked_since = probe->answered_at && *probe->answered_at >= in_force_since;
    const bool asked_just_before =
        probe->answered_at && *probe->answered_at >= in_force_since - just_before;
    if (probe->role == Role::master && !probe->loading && asked_just_before)
        return {};
    if (asked_since && is_fresh(*probe, now)) {
        if (probe->loading)
            return "it is loading its data";
        if (probe->role == Role::replica)
            return "it says that it is a replica";
        return {};
    }
    if (!asked_since && now - in_force_since < probe_deadline)
        return "it is being asked for its role";
    return {};
}

void watch_stall(StallWatch& stall, std::span<const Probe> probes, const Endpoint& master)
{
    const auto* const probe = find_probe(probes, master);
    if (!probe || !probe->answered_at || probe->role != Role::master) {
        stall = StallWatch();
        return;
    }
    if (stall.last_answer && *probe->answered_at <= *stall.last_answer)
        return;  // nothing new from the master: this time does not count

    std::uint64_t taken = 0;
    for (const auto& other : probes)
        if (other.role == Role::replica && other.answered_at)
            taken += other.offset;
    const auto asked = *probe->answered_at;
    const bool moved = taken != stall.replica_offset;
    stall.replicas_seen = stall.replicas_seen || (moved && taken > 0);
    // A master that was itself stopped starts the watch anew: what the Sentinels said meanwhile was
    // about its own pause.
    constexpr milliseconds longest_step{300};
    const bool paused = stall.last_answer && asked - *stall.last_answer > longest_step;
    if (!stall.last_answer || moved || paused) {
        stall.stalled = std::chrono::nanoseconds(0);
        stall.growing = false;
        stall.began = asked;
    } else {
        stall.growing = stall.growing || probe->offset > stall.master_offset;
        if (stall.growing)
            stall.stalled += asked - *stall.last_answer;
        else
            stall.began = asked;
    }
    stall.last_answer = asked;
    stall.master_offset = probe->offset;
    stall.replica_offset = taken;
}

bool is_isolated(
    const StallWatch& stall, std::span<const Vote> votes, const Endpoint& master,
    std::size_t sentinels)
{
    if (!stall.replicas_seen || stall.stalled <= stall_limit)
        return false;
    const auto waiting = std::ranges::count_if(votes, [&](const Vote& vote) {
        return flags_count(vote, master) && vote.answered_at >= stall.began &&
               vote.ping_pending >= ping_limit;
    });
    return static_cast<std::size_t>(waiting) >= std::min<std::size_t>(2, sentinels);
}

}  // namespace spoa::verdict
