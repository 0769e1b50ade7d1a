#include "verdict/watch.hpp"

#include "sentinel/electorate.hpp"
#include "verdict/promotion.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace spoa::verdict {

bool Change::notable() const
{
    return before.address != after.address || before.state != after.state ||
           before.open != after.open || before.epoch != after.epoch;
}

bool Change::decides() const
{
    return before.address != after.address || before.open != after.open;
}

Watch::Watch(Subject subject, std::size_t sentinels, TimePoint now)
    : subject_(std::move(subject)), ballots_(sentinels), since_(now)
{
    review(now);
}

void Watch::restore(const Endpoint& address, std::uint64_t high_water, TimePoint now)
{
    standing_.current = address;
    standing_.high_water = high_water;
    standing_.in_force_since = now;
    standing_.asked_anew_at = now;
}

void Watch::resume(std::optional<Promotion> promotion, std::optional<State> shut)
{
    promotions_.clear();
    if (promotion)
        promotions_.push_back(*std::move(promotion));
    if (shut)
        standing_.shut = Shut{*shut, std::nullopt};
}

void Watch::set_sentinels(std::span<const std::optional<std::size_t>> places_before)
{
    const auto rearrange = [&](auto& by_place) {
        std::remove_reference_t<decltype(by_place)> after(places_before.size());
        for (std::size_t place = 0; place < after.size(); ++place)
            if (const auto before = places_before[place]; before && *before < by_place.size())
                after[place] = std::move(by_place[*before]);
        by_place = std::move(after);
    };
    rearrange(ballots_);
    rearrange(standing_.promotions.claims);
    std::erase_if(promotions_, [&](Promotion& promotion) {
        const auto leader = std::ranges::find(places_before, std::optional(promotion.sentinel));
        promotion.sentinel = static_cast<std::size_t>(leader - places_before.begin());
        return leader == places_before.end();  // its word no longer counts
    });
}

bool Watch::cast(std::size_t sentinel, Vote vote)
{
    std::erase_if(vote.processes, [&](const sentinel::KnownProcess& process) {
        return std::ranges::count(subject_.servers, process.address, &Server::address) == 0;
    });
    vote.processes.resize(std::min(vote.processes.size(), subject_.servers.size()));
    std::erase_if(vote.promotable, [&](const Endpoint& address) {
        return subject_.servers.empty() ||
               std::ranges::count(subject_.servers, address, &Server::address) > 0;
    });
    constexpr std::size_t most_unmapped = 10;  // of one Sentinel, whatever it says
    vote.promotable.resize(std::min(vote.promotable.size(), most_unmapped));
    auto& ballot = ballots_[sentinel];
    if (ballot && vote.answered_at - ballot->answered_at <= subject_.vote_ttl) {
        ballot->answered_at = vote.answered_at;
        ballot->ping_pending = vote.ping_pending;  // only the next look at a stall asks for it
        if (*ballot == vote)
            return false;
    }
    ballot = std::move(vote);
    return true;
}

void Watch::lose(std::size_t sentinel)
{
    ballots_[sentinel].reset();
}

void Watch::hear(std::size_t sentinel, const sentinel::Event& event, TimePoint now)
{
    const auto known = std::ranges::find(promotions_, sentinel, &Promotion::sentinel);
    if (event.channel == "+failover-state-send-slaveof-noone" ||
        event.channel == "+failover-state-wait-promotion") {
        if (!event.master || event.node == event.master)
            return;
        // Both events of one promotion come within a tick or two of the Sentinel's timer.
        constexpr std::chrono::seconds same_promotion{5};
        const bool goes_on = known != promotions_.end() && known->master == *event.master &&
                             now - known->heard_at < same_promotion;
        const Promotion heard{*event.master, event.node, sentinel, goes_on ? known->heard_at : now};
        if (known == promotions_.end())
            promotions_.push_back(heard);
        else
            *known = heard;
    } else if (event.channel.starts_with("-failover-abort-") && known != promotions_.end()) {
        promotions_.erase(known);
    }
}

std::optional<Promotion> Watch::promotion() const
{
    const auto first = std::ranges::min_element(promotions_, {}, &Promotion::heard_at);
    return first == promotions_.end() ? std::nullopt : std::optional(*first);
}

void Watch::set_probed(std::span<const Endpoint> addresses)
{
    std::erase_if(probes_, [&](const Probe& probe) {
        return std::ranges::count(addresses, probe.address) == 0;
    });
}

void Watch::examine(Probe probe)
{
    const auto known = std::ranges::find(probes_, probe.address, &Probe::address);
    if (known == probes_.end())
        probes_.push_back(std::move(probe));
    else
        *known = std::move(probe);
}

bool Watch::set_misplaced(std::vector<Misplaced> writes, std::vector<Misplaced> reads)
{
    if (writes == misplaced_ && reads == misplaced_reads_)
        return false;
    misplaced_ = std::move(writes);
    misplaced_reads_ = std::move(reads);
    return true;
}

void Watch::forget(TimePoint now)
{
    std::ranges::fill(ballots_, std::nullopt);
    for (auto& probe : probes_) {
        Probe unknown;
        unknown.address = std::move(probe.address);
        probe = std::move(unknown);
    }
    standing_.asked_anew_at = now;
    standing_.heard_first_at.reset();
    standing_.isolation.forget();
    standing_.promotions.forget();
    standing_.contender.reset();
}

// A promotion is over when its master is no longer the one in force, and once the nodes, its
// leader or all Sentinels have said that it came to nothing.
void Watch::end_promotions(TimePoint now)
{
    if (promotions_.empty() || !standing_.current)
        return;
    const auto& current = *standing_.current;
    const auto votes = sentinel::valid_votes(ballots_, subject_.vote_ttl, now);
    const Reign reign{current, standing_.high_water, standing_.heard_first_at};
    const auto all = promotions_;
    std::erase_if(promotions_, [&](const Promotion& promotion) {
        if (current != promotion.master)
            return true;
        const Evidence evidence{ballots_, probes_, all};
        if (!is_over(standing_.promotions, evidence, votes, reign, promotion, now))
            return false;
        if (const auto& candidate = promotion.candidate;
            candidate && says(find_probe(probes_, *candidate), Role::master, now))
            standing_.tombstones.push_back({*candidate, now});
        return true;
    });
}

std::optional<Change> Watch::review(TimePoint now)
{
    auto judgement =
        judge(subject_, {ballots_, probes_, promotions_, misplaced_}, std::move(standing_), now);
    standing_ = std::move(judgement.standing);
    look_again_ = judgement.look_again;
    end_promotions(now);
    verdict_.rule = judgement.verdict.rule;  // by itself no news to anybody
    if (judgement.verdict == verdict_)
        return std::nullopt;

    Change change{std::exchange(verdict_, judgement.verdict), judgement.verdict, now, std::nullopt};
    if (change.before.address != change.after.address && change.after.address &&
        standing_.challenger)
        change.delay = now - standing_.challenger->since;
    if (change.notable()) {
        since_ = now;
        history_.push_back(change);
        // A name that is often in doubt must not push its last real change out of sight.
        if (history_.size() > history_size) {
            const auto oldest = std::ranges::find_if(history_, [](const Change& each) {
                return each.before.address == each.after.address;
            });
            history_.erase(oldest == history_.end() ? history_.begin() : oldest);
        }
    }
    return change;
}

}  // namespace spoa::verdict
