#include "verdict/judge.hpp"

#include "sentinel/electorate.hpp"

#include <algorithm>

namespace spoa::verdict {
namespace {

using sentinel::Majority;

// The votes that count: young enough, and one for each identity, the latest; a Sentinel listed
// under two addresses has one vote.
std::vector<Vote> valid_votes(
    std::span<const std::optional<Vote>> ballots, std::chrono::milliseconds vote_ttl, TimePoint now)
{
    std::vector<Vote> votes;
    votes.reserve(ballots.size());
    for (const auto& ballot : ballots) {
        if (!ballot || now - ballot->answered_at > vote_ttl)
            continue;
        const auto same = std::ranges::find_if(votes, [&](const Vote& vote) {
            return !vote.sentinel_id.empty() && vote.sentinel_id == ballot->sentinel_id;
        });
        if (same == votes.end())
            votes.push_back(*ballot);
        else if (same->answered_at < ballot->answered_at)
            *same = *ballot;
    }
    return votes;
}

bool claims_elsewhere(std::span<const Vote> votes, const Endpoint& address, std::uint64_t epoch)
{
    return std::ranges::any_of(votes, [&](const Vote& vote) {
        return vote.address && *vote.address != address && vote.config_epoch >= epoch;
    });
}

// Continues `claim` when it is for the same address, else starts a new one.
Claim renewed(const std::optional<Claim>& claim, const Endpoint& address, TimePoint now)
{
    if (claim && claim->address == address)
        return *claim;
    return {address, now};
}

void note_challenger(Standing& standing, std::span<const Vote> votes, TimePoint now)
{
    const auto other = std::ranges::find_if(
        votes, [&](const Vote& vote) { return vote.address && vote.address != standing.current; });
    if (other == votes.end())
        standing.challenger.reset();
    else
        standing.challenger = renewed(standing.challenger, *other->address, now);
}

// What the rule makes of an address with a majority.
enum class Ruling { follow, tie, regress };

Ruling rule(
    const Majority& majority, std::span<const Vote> votes, Standing& standing, TimePoint now)
{
    const auto& address = majority.address;
    if (!standing.current || majority.highest_epoch > standing.high_water) {
        standing.current = address;
        standing.high_water = std::max(standing.high_water, majority.confirmed_epoch);
        return Ruling::follow;
    }
    const bool contested = claims_elsewhere(votes, address, standing.high_water);
    if (address == standing.current) {
        if (majority.highest_epoch < standing.high_water && !contested)
            standing.high_water = majority.confirmed_epoch;  // set back by hand, nothing moves
        return Ruling::follow;
    }

    standing.contender = renewed(standing.contender, address, now);
    const auto stood = now - standing.contender->since;
    const bool tie = majority.highest_epoch == standing.high_water;
    if (tie ? stood < tie_hold : (stood < regress_hold || contested))
        return tie ? Ruling::tie : Ruling::regress;
    standing.current = address;
    standing.high_water = majority.confirmed_epoch;
    return Ruling::follow;
}

std::string count_of(std::size_t votes, std::size_t sentinels)
{
    return std::to_string(votes) + " of " + std::to_string(sentinels) + " Sentinels";
}

std::string at_epoch(const Endpoint& address, std::uint64_t epoch)
{
    return to_string(address) + " at epoch " + std::to_string(epoch);
}

// Why a followed majority is less than perfect; empty when nothing is wanting.
std::string shortfall(const Majority& majority, std::span<const Vote> votes, std::size_t sentinels)
{
    if (sentinels == 1)
        return "only one Sentinel is configured, so there is no majority to count";
    if (votes.size() < sentinels)
        return count_of(sentinels - votes.size(), sentinels) + " cannot be heard";
    if (majority.votes < sentinels)
        return count_of(sentinels - majority.votes, sentinels) + " name another address or none";
    if (std::ranges::any_of(
            votes, [&](const Vote& vote) { return vote.config_epoch != majority.highest_epoch; }))
        return "the Sentinels agree on the address and differ on its epoch";
    return {};
}

// How many name `address`; without one, how many say that they do not know the name.
std::size_t votes_for(const std::optional<Endpoint>& address, std::span<const Vote> votes)
{
    return static_cast<std::size_t>(
        std::ranges::count_if(votes, [&](const Vote& vote) { return vote.address == address; }));
}

// The name of the address among HAProxy's servers, and whether it may be used at all: where
// `servers:` is given, it is the whole set.
void map_server(Verdict& verdict, const Subject& subject)
{
    if (!verdict.address || subject.servers.empty())
        return;
    const auto server = std::ranges::find(subject.servers, *verdict.address, &Server::address);
    if (server != subject.servers.end()) {
        verdict.server = server->name;
        return;
    }
    verdict.open = false;
    if (verdict.state == State::ok)
        verdict.state = State::degraded;
    verdict.reason =
        "the master is " + to_string(*verdict.address) + ", which no entry of servers: maps";
}

// The verdict on a majority's address.
Verdict judge_majority(
    const Majority& majority, std::span<const Vote> votes, std::size_t sentinels,
    Standing& standing, TimePoint now)
{
    Verdict verdict;
    verdict.open = true;
    const auto claim = [&] {
        return count_of(majority.votes, sentinels) + " name " +
               at_epoch(majority.address, majority.highest_epoch);
    };
    switch (rule(majority, votes, standing, now)) {
        case Ruling::follow:
            standing.contender.reset();
            verdict.reason = shortfall(majority, votes, sentinels);
            verdict.state = verdict.reason.empty() ? State::ok : State::degraded;
            break;
        case Ruling::tie:
            verdict.state = State::conflict;
            verdict.reason = claim() + ", the epoch of the master in force";
            break;
        case Ruling::regress:
            verdict.state = State::regress;
            verdict.reason =
                claim() + ", which is older than " + std::to_string(standing.high_water);
            break;
    }
    return verdict;
}

// The verdict when no address has a majority.
Verdict judge_disunity(
    const Subject& subject, std::span<const Vote> votes, std::size_t sentinels, Standing& standing,
    TimePoint now)
{
    const auto needed = sentinel::majority_of(sentinels);
    const auto nil = votes_for(std::nullopt, votes);
    standing.contender.reset();

    Verdict verdict;
    if (nil >= needed) {
        verdict.state = State::unknown_name;
        verdict.reason =
            count_of(nil, sentinels) + " do not monitor the name '" + subject.name + "'";
    } else if (votes.size() == sentinels) {
        verdict.state = State::conflict;
        verdict.reason = "no address is named by " + count_of(needed, sentinels);
        verdict.open = standing.current.has_value();
    } else {
        const auto since = standing.quorum_lost_at.value_or(now);
        const auto hold = subject.policy.no_quorum_hold;
        const bool holding = subject.policy.no_quorum == NoQuorum::hold &&
                             (hold.count() == 0 || now - since <= hold);
        standing.quorum_lost_at = since;
        verdict.state = State::no_quorum;
        verdict.reason = std::string(standing.current ? "" : "starting: ") + "only " +
                         count_of(votes.size(), sentinels) + " answer, " + std::to_string(needed) +
                         " are needed";
        verdict.open = holding && standing.current.has_value();
        return verdict;
    }
    standing.quorum_lost_at.reset();
    return verdict;
}

}  // namespace

Judgement judge(
    const Subject& subject, std::span<const std::optional<Vote>> ballots, Standing standing,
    TimePoint now)
{
    const auto sentinels = ballots.size();
    const auto votes = valid_votes(ballots, subject.vote_ttl, now);
    note_challenger(standing, votes, now);

    Verdict verdict;
    if (const auto majority = sentinel::find_majority(votes, sentinel::majority_of(sentinels))) {
        standing.quorum_lost_at.reset();
        verdict = judge_majority(*majority, votes, sentinels, standing, now);
    } else {
        verdict = judge_disunity(subject, votes, sentinels, standing, now);
    }
    if (verdict.state != State::unknown_name) {
        verdict.address = standing.current;
        verdict.votes = votes_for(standing.current, votes);
    }
    verdict.sentinels = sentinels;
    verdict.epoch = standing.high_water;
    map_server(verdict, subject);
    return {std::move(verdict), std::move(standing)};
}

}  // namespace spoa::verdict
