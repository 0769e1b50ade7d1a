#include "verdict/isolation.hpp"

#include <algorithm>
#include <utility>

namespace spoa::verdict {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// From one answer of the master to the next. In a longer one it was itself stopped, or we were.
constexpr milliseconds longest_step{300};
// The same, where acknowledgements are waited for: what counts is that both ends were answered by
// one connection.
constexpr milliseconds longest_list_step{500};

// Its answer to the first question after a pause was asked for before it woke, by so much at most.
constexpr milliseconds longest_answer{300};

// Whether the node is, or may soon be, a replica that gets what `master` writes.
bool follows(const Probe& probe, const Endpoint& master)
{
    return probe.answered_at && probe.role == Role::replica && !probe.loading &&
           probe.link != Link::syncing && probe.follows == master;
}

// Whether what it says of its offset is of now.
bool answers(const Probe& probe, TimePoint asked)
{
    return !probe.silent_since && asked - *probe.answered_at <= probe_ttl;
}

void watch_offsets(
    StallWatch& stall, std::span<const Probe> probes, const Probe& master, nanoseconds step)
{
    const auto asked = *master.answered_at;
    bool moved = false;
    bool any_answers = false;
    std::vector<StallWatch::Follower> followers;
    for (const auto& probe : probes) {
        if (!follows(probe, master.address))
            continue;
        const auto known =
            std::ranges::find(stall.followers, probe.address, &StallWatch::Follower::address);
        const bool was_linked = known != stall.followers.end();
        const bool is_linked = probe.link == Link::up;
        if (!was_linked && !is_linked)
            continue;
        // One without a link does not tell its offset.
        const auto offset = is_linked ? probe.offset : known->offset;
        moved = moved || !was_linked || offset != known->offset;
        any_answers = any_answers || answers(probe, asked);
        followers.push_back({probe.address, offset});
    }
    stall.followers = std::move(followers);

    const bool paused = step > longest_step;
    if (moved || paused || !any_answers) {
        stall.stalled = nanoseconds(0);
        stall.growing = false;
        stall.began = paused ? asked + longest_answer : asked;
    } else {
        stall.growing = stall.growing || master.offset > stall.master_offset;
        if (stall.growing)
            stall.stalled += step;
        else
            stall.began = asked;
    }
    stall.master_offset = master.offset;
}

// Says whether INFO tells of an acknowledgement after a lag that was too large.
bool hear_lag(ListWatch& list, const Probe& master)
{
    if (master.informed_at == list.informed_at)
        return false;
    list.informed_at = master.informed_at;
    list.copying = master.syncing_replicas;
    const auto before = std::exchange(list.lag, master.least_lag);
    const bool told = list.lag && before;
    if (list.lag_grows && told && *list.lag < *before)
        return true;
    // Twice, and growing: a clock that is set, or a master that wakes, shows it once.
    const bool large = told && *list.lag >= lag_limit && *before >= lag_limit - 1;
    list.lag_grows = large && (*list.lag > *before || (list.lag_grows && *list.lag == *before));
    return false;
}

void watch_list(ListWatch& list, const Probe& master, nanoseconds step)
{
    const auto asked = *master.answered_at;
    const auto& now = master.replicas;
    // An acknowledgement is a pair that was not there before. One that is connected anew begins
    // with 0.
    const bool listed = std::ranges::any_of(now, [&](const node::Acknowledged& each) {
        return each.offset > 0 && std::ranges::count(list.last, each) == 0;
    });
    const bool heard = hear_lag(list, master) || listed;
    const bool owed = std::ranges::all_of(
        now, [&](const node::Acknowledged& each) { return each.offset < master.offset; });
    const auto syncing = master.syncing_replicas + static_cast<std::size_t>(std::ranges::count(
                                                       now, 0U, &node::Acknowledged::offset));
    list.joining = syncing > 0 && !heard && (list.joining || syncing > list.syncing);
    list.syncing = syncing;
    list.followed = list.followed || heard;
    list.last = now;
    if (heard)
        list.lag_grows = false;
    // A replica that loads its data tells its master so: its lag grows only if that is not heard.
    const bool lags = list.lag_grows && !(list.joining && list.copying > 0);

    const bool paused = step > longest_list_step;
    if (lags) {
        list.joining = false;
        list.unheard = std::max<nanoseconds>(list.unheard, unheard_limit + milliseconds(1));
    } else if (heard || list.joining) {
        list.unheard = nanoseconds(0);
        list.began = asked;
    } else if (owed && !paused) {
        list.unheard += step;
    }
    if (paused)
        list.began = asked + longest_answer;
}

bool two_wait(
    std::span<const Vote> votes, const Endpoint& master, std::size_t sentinels, TimePoint since)
{
    const auto waiting = std::ranges::count_if(votes, [&](const Vote& vote) {
        return flags_count(vote, master) && vote.answered_at >= since &&
               vote.ping_pending >= ping_limit;
    });
    return static_cast<std::size_t>(waiting) >= std::min<std::size_t>(2, sentinels);
}

}  // namespace

void IsolationWatch::forget()
{
    last_answer.reset();
    stall = StallWatch();
}

void watch_isolation(IsolationWatch& watch, std::span<const Probe> probes, const Endpoint& master)
{
    const auto* const probe = find_probe(probes, master);
    if (!probe) {
        watch = IsolationWatch();
        return;
    }
    if (!probe->answered_at || probe->answered_at == watch.last_answer)
        return;  // nothing new from the master: this time does not count
    if (probe->role != Role::master) {
        watch.forget();
        return;
    }
    const auto before = std::exchange(watch.last_answer, probe->answered_at);
    const auto step = before ? *probe->answered_at - *before : nanoseconds::max();
    watch_offsets(watch.stall, probes, *probe, step);
    watch_list(watch.list, *probe, step);
}

void note_calm(ListWatch& list, TimePoint now)
{
    if (!has_lost_replicas(list))
        list.gone_since.reset();
    else if (!list.gone_since)
        list.gone_since = now;
    else if (now - *list.gone_since >= gone_limit)
        list.followed = false;
}

bool has_lost_replicas(const ListWatch& list)
{
    return list.followed && !list.joining && list.unheard > unheard_limit;
}

bool is_isolated(
    const IsolationWatch& watch, std::span<const Vote> votes, const Endpoint& master,
    std::size_t sentinels)
{
    const auto& [_, stall, list] = watch;
    return (stall.stalled > stall_limit && two_wait(votes, master, sentinels, stall.began)) ||
           (has_lost_replicas(list) && two_wait(votes, master, sentinels, list.began));
}

}  // namespace spoa::verdict
