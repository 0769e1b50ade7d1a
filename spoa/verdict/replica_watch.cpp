#include "verdict/replica_watch.hpp"

#include "sentinel/electorate.hpp"

#include <algorithm>
#include <utility>

namespace spoa::verdict {
namespace {

// Whether the master in force is beyond doubt, and answers.
bool is_clear(const Watch& watch, const Probe* master, TimePoint now)
{
    const auto& verdict = watch.verdict();
    switch (verdict.state) {
        case State::ok:
        case State::degraded:
        case State::no_quorum:
        case State::stale:
            return verdict.open && says(master, Role::master, now) && !master->silent_since;
        default: return false;
    }
}

bool is_silent(const Probe& probe, TimePoint now)
{
    return probe.refused || (probe.silent_since && now - *probe.silent_since > replica_silence) ||
           !is_fresh(probe, now);
}

// Why the server is no place for reads, whatever its lag; `fresh` when nothing is in the way.
Fitness judge_node(
    const Probe* probe, const std::string& server, const ReplicaPolicy& policy, TimePoint now)
{
    if (policy.weight_of(server) == 0)
        return Fitness::unwanted;
    if (!probe || (!probe->answered_at && !probe->silent_since))
        return Fitness::unknown;
    if (is_silent(*probe, now))
        return Fitness::silent;
    if (probe->loading)
        return Fitness::loading;
    if (probe->role == Role::master)
        return Fitness::claims_master;
    if (probe->role != Role::replica)
        return Fitness::unknown;
    if (!probe->announced)
        return Fitness::hidden;
    if (probe->priority == 0 && !policy.weights.contains(server))
        return Fitness::reserved;
    return Fitness::fresh;
}

void look(Replica& replica, const Sight& sight, TimePoint now)
{
    replica.sight = sight;
    if (!sight.is_unseen())
        replica.unseen_since.reset();
    else if (!replica.unseen_since)
        replica.unseen_since = now;
}

// What the Sentinels object to; `fresh` when they do not.
Fitness judge_sight(const Replica& replica, TimePoint now)
{
    if (replica.sight.is_s_down())
        return Fitness::s_down;
    if (replica.unseen_since && now - *replica.unseen_since >= unseen_time)
        return Fitness::unseen;
    return Fitness::fresh;
}

// What may come and go around a limit, so that a replica has to settle after it.
bool is_lapse(Fitness fitness)
{
    return fitness == Fitness::silent || fitness == Fitness::s_down || fitness == Fitness::unseen ||
           fitness == Fitness::syncing || fitness == Fitness::behind || fitness == Fitness::old;
}

// Whether it is the process that was fresh, and has not lost what it had. One without a link does
// not tell its offset.
bool is_the_same(const Replica& replica, const Probe& probe)
{
    const bool went_back =
        probe.offset < replica.good_offset && (probe.offset > 0 || probe.link == Link::up);
    return probe.run_id == replica.good_run_id && !went_back;
}

}  // namespace

std::string words_for(const Replica& replica)
{
    const auto of_all = [&](std::size_t count) {
        return std::to_string(count) + " of " + std::to_string(replica.sight.sentinels) +
               " Sentinels";
    };
    switch (replica.fitness) {
        case Fitness::s_down: return "s_down at " + of_all(replica.sight.s_down);
        case Fitness::unseen: return "out of reach of " + of_all(replica.sight.unseen);
        default: return std::string(name_of(replica.fitness));
    }
}

bool ReplicaWatch::review(const Watch& watch, TimePoint now)
{
    ReadSet next;
    if (const auto& policy = watch.subject().replicas) {
        follow_master(watch, now);
        follow_servers(watch, now);
        const auto votes = sentinel::valid_votes(watch.ballots(), watch.subject().vote_ttl, now);
        for (auto& replica : replicas_) {
            look(replica, sight_of(replica.server.address, votes, watch.ballots().size()), now);
            const auto fitness = judge(replica, watch, now);
            if (is_lapse(fitness)) {
                replica.lapsed = true;
                replica.well_below_since.reset();
            }
            if (fitness != std::exchange(replica.fitness, fitness))
                replica.since = now;
        }
        next = choose(*policy);
        plan_look(watch, now);
    } else {
        *this = ReplicaWatch();
    }
    return std::exchange(reads_, next) != next;
}

bool ReplicaWatch::knows_all() const
{
    return std::ranges::none_of(replicas_, [](const Replica& replica) {
        return replica.fitness == Fitness::unknown || replica.fitness == Fitness::unmeasured;
    });
}

void ReplicaWatch::follow_master(const Watch& watch, TimePoint now)
{
    const auto& address = watch.verdict().address;
    if (address != master_) {
        if (master_)
            former_ = {*master_, doubted_since_.value_or(now), now};
        master_ = address;
        history_.clear();
        doubted_since_.reset();
    }
    const auto* const probe = master_ ? find_probe(watch.probes(), *master_) : nullptr;
    if (probe && probe->role == Role::master && probe->answered_at && !probe->loading)
        history_.note(*probe->answered_at, probe->offset);
    if (is_clear(watch, probe, now))
        doubted_since_.reset();
    else if (!doubted_since_)
        doubted_since_ = now;
}

void ReplicaWatch::follow_servers(const Watch& watch, TimePoint now)
{
    const auto& servers = watch.subject().servers;
    if (std::ranges::equal(servers, replicas_, {}, {}, &Replica::server))
        return;
    const auto before = std::exchange(replicas_, {});
    for (const auto& server : servers) {
        const auto known = std::ranges::find(before, server, &Replica::server);
        replicas_.push_back(known != before.end() ? *known : Replica{});
        if (known == before.end()) {
            replicas_.back().server = server;
            replicas_.back().since = now;
        }
    }
}

Fitness ReplicaWatch::judge(Replica& replica, const Watch& watch, TimePoint now)
{
    const auto& policy = *watch.subject().replicas;
    const auto* const probe = find_probe(watch.probes(), replica.server.address);
    if (replica.server.address == master_)
        return Fitness::master;
    const auto misplaced = watch.misplaced_reads();
    if (std::ranges::count(misplaced, replica.server.name, &Misplaced::server) > 0)
        return Fitness::misplaced;
    const auto node = judge_node(probe, replica.server.name, policy, now);
    const bool is_promoted = node == Fitness::claims_master;
    if (node != Fitness::fresh && !is_promoted)
        return node;
    if (const auto sight = judge_sight(replica, now); sight != Fitness::fresh)
        return sight;

    auto lag = is_promoted ? node : judge_lag(replica, *probe, policy, now);
    if (policy.strict)
        return lag == Fitness::fresh && !watch.verdict().open ? Fitness::in_doubt : lag;
    if (lag == Fitness::fresh || probe->link == Link::syncing)
        return lag;
    watch_link(replica, *probe);
    const auto until = kept_until(replica, *probe);
    if (!until || now >= *until)
        return lag;
    if (is_promoted)
        return Fitness::promoted;
    return probe->follows == replica.good_master ? Fitness::kept : lag;
}

Fitness ReplicaWatch::judge_lag(
    Replica& replica, const Probe& probe, const ReplicaPolicy& policy, TimePoint now)
{
    if (probe.follows != master_)
        return Fitness::elsewhere;
    if (probe.link == Link::syncing)
        return Fitness::syncing;
    if (probe.link != Link::up)
        return Fitness::unlinked;
    measure(replica, probe, policy);
    if (history_.empty() || !replica.lag_bytes)
        return Fitness::unmeasured;
    if (*replica.lag_bytes > policy.max_lag)
        return Fitness::behind;
    // Less than the master had written when it was asked first: perhaps but a moment old.
    if (!replica.complete_until && now - history_.first_asked() <= policy.max_lag_time)
        return Fitness::unmeasured;
    if (!replica.complete_until || now - *replica.complete_until > policy.max_lag_time)
        return Fitness::old;
    if (replica.lapsed &&
        (!replica.well_below_since || *probe.answered_at - *replica.well_below_since < settle_time))
        return Fitness::settling;
    replica.lapsed = false;
    replica.good_at = now;
    replica.good_master = *master_;
    replica.good_run_id = probe.run_id;
    replica.good_offset = probe.offset;
    replica.unlinked_since.reset();
    return Fitness::fresh;
}

void ReplicaWatch::measure(Replica& replica, const Probe& probe, const ReplicaPolicy& policy) const
{
    const auto asked = *probe.answered_at;
    replica.lag_bytes = history_.bytes_behind(asked, probe.offset);
    replica.complete_until = history_.complete_until(probe.offset);
    if (replica.sampled == asked)
        return;
    replica.sampled = asked;
    const bool well_below = replica.lag_bytes && *replica.lag_bytes <= policy.max_lag / 2 &&
                            replica.complete_until &&
                            asked - *replica.complete_until <= policy.max_lag_time / 2;
    if (!well_below)
        replica.well_below_since.reset();
    else if (!replica.well_below_since)
        replica.well_below_since = asked;
}

// Notes since when it says that it has no link, and that this lasts, while its master is beyond
// doubt.
void ReplicaWatch::watch_link(Replica& replica, const Probe& probe) const
{
    if (doubted_since_ || probe.follows != master_ || probe.link != Link::none) {
        replica.unlinked_since.reset();
        return;
    }
    const auto since = replica.unlinked_since.value_or(*probe.answered_at);
    replica.unlinked_since = since;
    if (*probe.answered_at - since >= link_lapse)
        replica.good_at.reset();
}

// Until when a replica that was fresh serves on, although it cannot be measured; nothing when its
// master is beyond doubt, it was not fresh when the doubt began, or it is not what it was.
std::optional<TimePoint> ReplicaWatch::kept_until(const Replica& replica, const Probe& probe) const
{
    if (!replica.good_at || !is_the_same(replica, probe))
        return std::nullopt;
    if (doubted_since_ && replica.good_master == master_)
        return *replica.good_at >= *doubted_since_ - until_doubt
                   ? std::optional(*doubted_since_ + replica_grace)
                   : std::nullopt;
    if (former_ && replica.good_master == former_->address)
        return *replica.good_at >= former_->doubted_since - until_doubt
                   ? std::optional(former_->replaced_at + replica_grace)
                   : std::nullopt;
    return std::nullopt;
}

// The preferred ones where any is fresh, else all that are; one that is being promoted when it is
// the only one.
ReadSet ReplicaWatch::choose(const ReplicaPolicy& policy) const
{
    ReadSet set;
    const auto take = [&](auto may_be_used) {
        for (const auto& replica : replicas_)
            if (set.targets.size() < replicas_.size() && may_be_used(replica))
                set.targets.push_back({replica.server, policy.weight_of(replica.server.name)});
        return !set.targets.empty();
    };
    const auto is_fresh_enough = [](const Replica& replica) {
        return replica.fitness == Fitness::fresh || replica.fitness == Fitness::kept;
    };
    const auto is_preferred = [&](const Replica& replica) {
        return is_fresh_enough(replica) &&
               std::ranges::count(policy.prefer, replica.server.name) > 0;
    };
    const auto is_promoted = [](const Replica& replica) {
        return replica.fitness == Fitness::promoted;
    };
    if (take(is_preferred) || take(is_fresh_enough) || take(is_promoted))
        return set;
    set.reason = "no replica is fresh enough";
    std::string_view joint = ": ";
    for (const auto& replica : replicas_) {
        const auto* const verb = replica.fitness == Fitness::claims_master ? " " : " is ";
        set.reason += std::string(std::exchange(joint, ", ")) + replica.server.name + verb +
                      words_for(replica);
    }
    return set;
}

// When a replica leaves the set by itself, if nothing is heard.
void ReplicaWatch::plan_look(const Watch& watch, TimePoint now)
{
    constexpr std::chrono::milliseconds margin{1};
    look_again_.reset();
    const auto look_at = [&](TimePoint when) {
        when = std::max(when, now) + margin;
        look_again_ = std::min(look_again_.value_or(when), when);
    };
    for (const auto& replica : replicas_) {
        if (!is_usable(replica.fitness))
            continue;
        const auto* const probe = find_probe(watch.probes(), replica.server.address);
        if (probe->silent_since)
            look_at(*probe->silent_since + replica_silence);
        look_at(*probe->answered_at + probe_ttl);
        if (replica.unseen_since)
            look_at(*replica.unseen_since + unseen_time);
        if (replica.fitness == Fitness::fresh)
            look_at(*replica.complete_until + watch.subject().replicas->max_lag_time);
        else if (const auto until = kept_until(replica, *probe))
            look_at(*until);
    }
}

}  // namespace spoa::verdict
