#include "verdict/process.hpp"

#include <algorithm>

namespace spoa::verdict {
namespace {

void hear_sentinels(
    ProcessWatch& watch, std::span<const Vote> votes, const Endpoint& address, std::size_t needed)
{
    for (const auto& candidate : votes) {
        if (candidate.address != address || !candidate.run_id.is_known())
            continue;
        const auto support = std::ranges::count_if(votes, [&](const Vote& vote) {
            return vote.address == address && vote.run_id == candidate.run_id;
        });
        if (static_cast<std::size_t>(support) >= needed)
            watch.named = candidate.run_id;
    }
}

void hear_node(ProcessWatch& watch, const Probe* probe)
{
    if (!probe) {
        const auto named = watch.named;
        watch = {};
        watch.named = named;
    } else if (probe->silent_since && probe->refused && (watch.heard || probe->answered_at)) {
        watch.gone_since = watch.gone_since.value_or(*probe->silent_since);
        watch.told = {};
    } else if (!probe->silent_since && probe->answered_at) {
        watch.heard = true;
        watch.told = probe->run_id;
        if (probe->elsewhere && watch.told.is_known() && watch.named != watch.told)
            watch.gone_since = watch.gone_since.value_or(*probe->answered_at);
        else
            watch.gone_since.reset();
    }
    // What the Sentinels learn while it is silent may clear it, and never speaks against it.
    const bool differs =
        watch.named.is_known() && watch.told.is_known() && watch.named != watch.told;
    const bool answers = probe && !probe->silent_since && probe->answered_at;
    watch.other = differs && (answers || watch.other);
}

bool are_connected(std::span<const Vote> votes, const Endpoint& address, std::size_t needed)
{
    const auto connected = std::ranges::count_if(votes, [&](const Vote& vote) {
        return vote.address == address && !vote.flags.disconnected;
    });
    return static_cast<std::size_t>(connected) >= needed;
}

}  // namespace

void watch_process(
    ProcessWatch& watch, const Probe* probe, std::span<const Vote> votes, const Endpoint& address,
    std::size_t needed, TimePoint now)
{
    hear_sentinels(watch, votes, address, needed);
    hear_node(watch, probe);
    if (watch.gone_since && now - *watch.gone_since > info_limit &&
        are_connected(votes, address, needed))
        watch.gone_since.reset();
}

std::string process_objection(const ProcessWatch& watch)
{
    if (watch.other)
        return "it is another process than the one that the Sentinels know there (run_id)";
    if (watch.gone_since)
        return "it hung up, and nobody there has said since who it is";
    return {};
}

}  // namespace spoa::verdict
