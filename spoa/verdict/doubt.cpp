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

void hear_word(Word& word, const Probe* probe, TimePoint in_force_since)
{
    if (!probe)
        word = Word::none;
    else if (!probe->answered_at || *probe->answered_at < in_force_since)
        return;
    else if (probe->loading)
        word = Word::loading;
    else if (probe->role != Role::unknown)
        word = probe->role == Role::replica ? Word::replica : Word::master;
}

std::string role_objection(Word word, const Probe* probe, TimePoint in_force_since, TimePoint now)
{
    if (!probe)
        return {};
    const bool fresh = is_fresh(*probe, now);
    if (word == Word::loading)
        return fresh ? "it is loading its data" : "it was loading its data when it last answered";
    if (word == Word::replica)
        return fresh ? "it says that it is a replica" : "it last said that it is a replica";
    // An answer from just before the switch is as good, if it is the one we hope for.
    constexpr milliseconds just_before{200};
    const bool asked_just_before =
        probe->answered_at && *probe->answered_at >= in_force_since - just_before;
    if (probe->role == Role::master && !probe->loading && asked_just_before)
        return {};
    const bool asked_since = probe->answered_at && *probe->answered_at >= in_force_since;
    if (!asked_since && word == Word::none && now - in_force_since < probe_deadline)
        return "it is being asked for its role";
    return {};
}

}  // namespace spoa::verdict
