// What data nodes said: the word of the one in force, its replicas, and the reads that these get.
#include "simulation/checker.hpp"
#include "simulation/replies.hpp"

#include <algorithm>
#include <string>

namespace spoa::simulation {
namespace {

using verdict::State;

constexpr std::size_t at_place(int place)
{
    return static_cast<std::size_t>(place);
}

}  // namespace

void Checker::hear_node(int node, const verdict::Probe& probe, Time now)
{
    auto& heard = heard_[at_place(node)];
    heard.answered_at = now;
    heard.denies = probe.loading || probe.role == verdict::Role::replica;
    heard.process = world_.data[at_place(node)].process;
    heard.missed_since = never;
    heard.gone = false;
    if (node != current_ || probe.role != verdict::Role::master)
        return;
    // An empty list leaves it open whether one that had begun has done more.
    heard.begins = heard.begins && probe.replicas.empty();
    for (const auto& each : probe.replicas) {
        heard.listed = heard.listed || each.offset > 0;
        heard.begins = heard.begins || each.offset == 0;
    }
    if (heard.begins)
        heard.begins_at = now;
}

void Checker::miss_node(int node, bool refused, Time now)
{
    auto& heard = heard_[at_place(node)];
    heard.missed_at = now;
    if (heard.missed_since == never)
        heard.missed_since = now;
    heard.gone = heard.gone || (refused && heard.answered_at != never);
}

// Which process a majority of the answers knows at the address in force, and whether the one that
// answers the agent is another.
void Checker::look_at_process()
{
    for (int i = 0; i < world_.setup().sentinels; ++i) {
        const auto& mine = given_[at_place(i)];
        if (!counts(i) || mine.address != current_ || mine.run_id == nowhere)
            continue;
        int support = 0;
        for (int j = 0; j < world_.setup().sentinels; ++j)
            support += counts(j) && given_[at_place(j)].address == current_ &&
                               given_[at_place(j)].run_id == mine.run_id
                           ? 1
                           : 0;
        if (support >= needed())
            known_ = mine.run_id;
    }
    const auto& heard = heard_[at_place(current_)];
    const bool differs =
        heard.answered_at != never && !heard.gone && known_ != nowhere && heard.process != known_;
    other_ = differs && (other_ || heard.missed_since == never);
}

// The master in force hung up, and nobody there has said since who it is.
bool Checker::is_gone(Time now) const
{
    const auto& heard = heard_[at_place(current_)];
    return heard.gone && now - heard.missed_since <= info_bound;
}

// Nothing is open that is another process than the one that a majority knows there, and nothing
// of which it is not known who it is, since it hung up.
void Checker::check_process(const verdict::Watch& watch, Time now) const
{
    if (!watch.verdict().open)
        return;
    if (other_)
        fail("stranger", "open, and another process is at the address than the Sentinels know");
    if (is_gone(now))
        fail("stranger", "open, and nobody at the address has said who it is");
}

// Whether the Sentinels that this agent hears know the process that is there.
void Checker::look_at_knowledge(Time now)
{
    int knowing = 0;
    bool cloned = false;
    std::uint64_t identities = 0;
    for (int i = 0; i < world_.setup().sentinels; ++i) {
        const bool twin = world_.setup().duplicate_of >= 0 && i == world_.setup().sentinels - 1;
        const auto& each = world_.sentinels[at_place(twin ? world_.setup().duplicate_of : i)];
        const auto identity = 1ULL << static_cast<unsigned>(each.identity);
        cloned = cloned || each.clones_identity;
        if (!up_[at_place(i)] || !each.honest() || (identities & identity) != 0)
            continue;
        identities |= identity;
        knowing +=
            each.address == current_ && each.run_id == world_.data[at_place(current_)].process ? 1
                                                                                               : 0;
    }
    if (knowing < needed() || cloned)
        unproven_at_ = now;
}

bool Checker::is_unproven(Time now) const
{
    return world_.setup().probed &&
           now - std::max(unproven_at_, paused_until_) <= vote_ttl + direct_bound;
}

// Whether the node in force spoke against itself, and could not take it back since.
bool Checker::said_otherwise(int place) const
{
    if (!world_.setup().probed || place < 0 || place >= nodes)
        return false;
    const auto& heard = heard_[at_place(place)];
    return heard.denies && heard.answered_at >= in_force_since_;
}

// Nothing is open whose last word, since it came into force, was that it is no master that serves.
void Checker::check_word(const verdict::Watch& watch) const
{
    if (watch.verdict().open && said_otherwise(current_))
        fail("last-word", "open, and the node said last that it is no master that serves");
}

void Checker::look_at_followers(Time now)
{
    const bool followed = world_.is_followed(current_);
    const bool heard = heard_[at_place(current_)].missed_at <
                       std::max(heard_[at_place(current_)].answered_at, Time(0));
    // Also for a moment between two looks.
    if (followed)
        followed_at_ = now;
    else if (current_ >= 0 && current_ < nodes)
        followed_at_ = std::max(followed_at_, world_.data[at_place(current_)].followed_at);
    if (!followed || !heard)
        unfollowed_at_ = now;
}

// Sentinels that do not see the node, or did not until a moment ago; those that lie; and those that
// were in TILT until now, whose flags are of before it for another tick of their timer.
int Checker::sentinels_without(int place, Time now) const
{
    int count = 0;
    for (int i = 0; i < world_.setup().sentinels; ++i) {
        const auto& each = world_.sentinels[at_place(i)];
        const auto unseen_at = each.unseen_at[at_place(place)];
        count += !each.honest() || now - each.lied_until <= vote_ttl + direct_bound ||
                         each.tilt_until != never ||
                         now - each.tilt_over_at <= vote_ttl + direct_bound ||
                         now - std::max(unseen_at, paused_until_) <= vote_ttl + direct_bound
                     ? 1
                     : 0;
    }
    return count;
}

// A master that is followed is not isolated, one that two Sentinels see neither while a majority is
// heard; and on the minority's side one that is not followed is.
void Checker::check_isolation(const verdict::Watch& watch, const Tally& tally, Time now)
{
    const auto& verdict = watch.verdict();
    const auto& policy = watch.subject().policy;
    const auto& node = world_.data[at_place(current_)];
    const auto& heard = heard_[at_place(current_)];
    const bool isolated = verdict.state == State::isolated;
    const auto followed_since = std::max(unfollowed_at_, paused_until_);
    // A doubt that a majority has raised lasts for a while after it.
    const bool doubted = doubted_ != never && now - doubted_ < doubt_outlives + 100 * ms;
    if (isolated && now - followed_since > followed_bound && !doubted)
        fail("isolated-healthy", "isolated, and a replica gets what the master writes");
    if (tally.address != nowhere) {
        majority_at_ = now;
        if (isolated && sentinels_without(current_, now) < 2)
            fail("isolated-seen", "isolated, and the Sentinels see the master");
        return;
    }
    if (tally.votes >= needed())
        majority_at_ = now;  // all are heard, and none agrees
    const bool holds =
        policy.no_quorum == verdict::NoQuorum::hold && policy.no_quorum_hold.count() == 0;
    const bool lost =
        verdict.state == State::no_quorum || verdict.state == State::stale || isolated;
    const bool begun =
        now - std::max({majority_at_, paused_until_, in_force_since_}) <= followed_bound + 100 * ms;
    if (lost && holds && !verdict.open && !doubted && !begun && !said_otherwise(current_) &&
        !other_ && !heard.gone && now - followed_since > followed_bound)
        fail("held", "closed without a majority, and a replica gets what the master writes");
    // The other way round. It takes writes, and told of replicas that follow no more.
    const auto since = std::max({heard.missed_at, paused_until_, in_force_since_, followed_at_});
    // One that reached the node at last may yet acknowledge, until the list has told otherwise.
    const bool begun_since = heard.begins_at >= followed_at_;
    const auto bound = begun_since ? isolated_bound + 3 * second : isolated_bound;
    const bool answered = heard.answered_at != never && now - heard.answered_at <= 300 * ms;
    const bool together = majority_at_ - followed_at_ < 8 * second;
    if (verdict.open && policy.isolated == verdict::InDoubt::refuse && node.master &&
        node.running(now) && !node.loading && answered && heard.listed && together &&
        now - since > bound && now - majority_at_ > 300 * ms)
        fail("minority", "open on the minority's side, where no replica gets what is written");
}

// What is kept is the process that was within the limits.
void Checker::check_reads(const verdict::ReplicaWatch& reads)
{
    for (const auto& replica : reads.replicas()) {
        const int node = node_of(replica.server.address);
        if (node >= nodes)
            continue;
        auto& heard = heard_[at_place(node)];
        if (replica.fitness == verdict::Fitness::fresh)
            heard.fresh_process = heard.process;
        const bool kept = replica.fitness == verdict::Fitness::kept ||
                          replica.fitness == verdict::Fitness::promoted;
        if (kept && heard.process != heard.fresh_process)
            fail("kept", "reads go to " + replica.server.name + ", which was started anew");
    }
}

}  // namespace spoa::simulation
