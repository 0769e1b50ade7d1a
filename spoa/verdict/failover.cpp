#include "verdict/failover.hpp"

#include "sentinel/electorate.hpp"

#include <algorithm>
#include <utility>

namespace spoa::verdict {
namespace {

// Doubt about the master, which may become a failover. Sentinels that cannot be heard, or do not
// know the name, say nothing about it.
bool is_doubt(const Verdict& verdict)
{
    switch (verdict.state) {
        case State::no_quorum:
        case State::stale:
        case State::unknown_name: return false;
        case State::ok:
        case State::degraded: return verdict.address && !verdict.open;
        default: return verdict.address.has_value();
    }
}

// Whether the master is known and nothing is wrong with it.
bool is_calm(const Verdict& verdict)
{
    return verdict.open && (verdict.state == State::ok || verdict.state == State::degraded);
}

}  // namespace

std::string_view cause_of(const Failover& failover)
{
    if (failover.at(Phase::o_down))
        return "down";
    return failover.at(Phase::verdict) ? "manual" : "";
}

void Course::hear(const sentinel::Event& event, TimePoint now)
{
    if (event.channel == "+odown" && event.node && event.node == in_use_)
        down_ = renewed(down_, *event.node, now);
}

// A Sentinel's event comes some time before its vote says the same.
void Course::notice_down(const Watch& watch, TimePoint now)
{
    constexpr std::chrono::seconds event_ahead{2};
    if (!in_use_)
        return;
    const auto votes = sentinel::valid_votes(watch.ballots(), watch.subject().vote_ttl, now);
    const bool is_down = std::ranges::any_of(
        votes, [&](const Vote& vote) { return vote.flags.o_down && flags_count(vote, *in_use_); });
    if (is_down)
        down_ = renewed(down_, *in_use_, now);
    else if (down_ && !under_way() && now - down_->since > event_ahead)
        down_.reset();
}

// Until the master moves: what the one in force writes, and what its replicas have of it. A replica
// that is promoted counts with its first answer as a master, which holds all that it took.
void Course::notice_offsets(const Watch& watch)
{
    const auto& master = master_moved() ? newest().from_address : *in_use_;
    for (const auto& probe : watch.probes()) {
        if (!probe.answered_at || probe.loading)
            continue;
        const auto known = std::ranges::find(taken_, probe.address, &Taken::address);
        if (probe.address == master) {
            if (probe.role == Role::master)
                written_.note(*probe.answered_at, probe.offset);
        } else if (probe.role == Role::master) {
            if (known != taken_.end() && !known->is_promoted)
                *known = {probe.address, probe.offset, known->asked, true};
        } else if (probe.role == Role::replica && probe.follows == master) {
            const bool is_linked = probe.link == Link::up;  // else it tells no offset
            if (known != taken_.end())
                *known = {
                    probe.address,
                    is_linked ? probe.offset : known->offset,
                    *probe.answered_at,
                    false};
            else if (is_linked)
                taken_.push_back({probe.address, probe.offset, *probe.answered_at, false});
        }
    }
}

// How far the new master was behind. True when that is news.
bool Course::measure_lag()
{
    // Older answers say nothing of the moment at which the failover began.
    constexpr std::chrono::seconds recent{2};
    auto& failover = failovers_.back();
    const auto taken = std::ranges::find(taken_, *failover.to_address, &Taken::address);
    if (taken == taken_.end() || !taken->is_promoted || written_.empty())
        return false;
    auto began = *failover.at(Phase::verdict);
    for (const auto phase : {Phase::doubt, Phase::o_down, Phase::majority})
        if (const auto& when = failover.at(phase))
            began = std::min(began, *when);
    // Only what was written while the new one was a replica: what the old one writes later, the
    // Sentinels' greetings at least, it could not have.
    const auto bytes = written_.bytes_behind(taken->asked, taken->offset);
    if (!bytes || std::min(written_.last_asked(), taken->asked) < began - recent)
        return false;
    Lag lag{*bytes, std::nullopt};
    if (*bytes == 0)
        lag.age = std::chrono::nanoseconds(0);
    else if (const auto complete = written_.complete_until(taken->offset))
        lag.age = std::min(written_.last_asked(), taken->asked) - *complete;
    return std::exchange(failover.lag, lag) != lag;
}

void Course::notice_majority(const Watch& watch, TimePoint now)
{
    const auto votes = sentinel::valid_votes(watch.ballots(), watch.subject().vote_ttl, now);
    const auto majority =
        sentinel::find_majority(votes, sentinel::majority_of(watch.ballots().size()));
    if (majority && in_use_ && majority->address != *in_use_)
        majority_ = renewed(majority_, majority->address, now);
    else if (majority)
        majority_.reset();
}

bool Course::mark(Phase phase, TimePoint when)
{
    auto& moment = failovers_.back().at(phase);
    if (moment)
        return false;
    moment = when;
    return true;
}

void Course::end(TimePoint now, bool false_alarm)
{
    failovers_.back().ended = now;
    failovers_.back().false_alarm = false_alarm;
    down_.reset();
    majority_.reset();
    if (!false_alarm) {
        written_.clear();
        taken_.clear();
    }
    if (failovers_.size() <= history_size)
        return;
    // A name that is often in doubt must not push its last real failover out of sight. This one
    // stays in any case: it is about to be told of.
    const auto this_one = failovers_.end() - 1;
    const auto oldest_alarm =
        std::ranges::find(failovers_.begin(), this_one, true, &Failover::false_alarm);
    failovers_.erase(oldest_alarm == this_one ? failovers_.begin() : oldest_alarm);
}

bool Course::begin(const Watch& watch, TimePoint now)
{
    const auto& verdict = watch.verdict();
    const bool doubt = is_doubt(verdict) && verdict.address == *in_use_;
    const bool moved = verdict.address && verdict.address != *in_use_;
    if (!doubt && !majority_ && !moved)
        return false;
    Failover failover;
    failover.from_address = *in_use_;
    failover.from = in_use_server_;
    if (doubt) {
        failover.began_as = verdict.state;
        failover.at(Phase::doubt) = now;
    }
    failovers_.push_back(std::move(failover));
    return true;
}

bool Course::follow(const Watch& watch, const SessionsSeen& sessions, TimePoint now)
{
    const auto& verdict = watch.verdict();
    if (!in_use_) {
        if (verdict.open) {
            in_use_ = verdict.address;
            in_use_server_ = verdict.server;
        }
        return false;
    }
    // The new master is in doubt itself, before all was told of the failover that made it one.
    if (master_moved() && is_doubt(verdict)) {
        end(now, false);
        return true;
    }
    bool news = false;
    notice_down(watch, now);
    notice_offsets(watch);
    if (master_moved())
        news = measure_lag();
    else
        notice_majority(watch, now);
    if (!under_way()) {
        if (!begin(watch, now))
            return news;
        news = true;
    }

    auto& failover = failovers_.back();
    if (!failover.at(Phase::verdict)) {
        if (is_doubt(verdict) && mark(Phase::doubt, now)) {
            failover.began_as = verdict.state;
            news = true;
        }
        if (down_ && down_->address == failover.from_address)
            news = mark(Phase::o_down, down_->since) || news;
        if (majority_)
            news = mark(Phase::majority, majority_->since) || news;
        if (verdict.open && verdict.address && verdict.address != failover.from_address) {
            mark(Phase::majority, now);
            mark(Phase::verdict, now);
            failover.to_address = verdict.address;
            failover.to = verdict.server;
            in_use_ = verdict.address;
            in_use_server_ = verdict.server;
            answers_ = sessions.answers;
            measure_lag();
            news = true;
        } else if (is_calm(verdict) && !majority_) {
            end(now, true);
            return true;
        }
    }
    return look(sessions, now) || news;
}

bool Course::look(const SessionsSeen& sessions, TimePoint now)
{
    if (!under_way())
        return false;
    const auto& failover = failovers_.back();
    bool news = sessions.old_ended.value_or(false) && mark(Phase::sessions_ended, now);
    if (!failover.at(Phase::verdict))
        return news;
    if (sessions.answers > answers_)
        news = mark(Phase::first_session, now) || news;
    const bool sessions_told = failover.at(Phase::sessions_ended) || !sessions.old_ended;
    if ((sessions_told && failover.at(Phase::first_session)) ||
        now - *failover.at(Phase::verdict) >= follow_limit) {
        end(now, false);
        news = true;
    }
    return news;
}

}  // namespace spoa::verdict
