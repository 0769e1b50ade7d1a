#include "verdict/judge.hpp"

#include "sentinel/electorate.hpp"
#include "verdict/case.hpp"
#include "verdict/doubt.hpp"
#include "verdict/fallback.hpp"
#include "verdict/process.hpp"
#include "verdict/promotion.hpp"
#include "verdict/ruling.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace spoa::verdict {
namespace {

using sentinel::Majority;

void note_challenger(const Case& c, Standing& standing)
{
    const auto other = std::ranges::find_if(c.votes, [&](const Vote& vote) {
        return vote.address && vote.address != standing.current;
    });
    if (other == c.votes.end())
        standing.challenger.reset();
    else
        standing.challenger = renewed(standing.challenger, *other->address, c.now);
}

void bury_no_longer(const Case& c, Standing& standing)
{
    std::erase_if(standing.tombstones, [&](const Claim& tombstone) {
        const auto* const probe = find_probe(c.evidence.probes, tombstone.address);
        return c.now - tombstone.since >= tombstone_hold &&
               (!probe || (is_fresh(*probe, c.now) && probe->role == Role::replica));
    });
}

// Why a followed majority is less than perfect; empty when nothing is wanting.
std::string shortfall(const Case& c, const Majority& majority)
{
    const auto tilted = static_cast<std::size_t>(std::ranges::count(c.votes, true, &Vote::in_tilt));
    if (c.sentinels() == 1)
        return "only one Sentinel is configured, so there is no majority to count";
    const auto heard = static_cast<std::size_t>(std::ranges::count_if(
        c.evidence.ballots, [](const auto& ballot) { return ballot.has_value(); }));
    if (const auto same = same_sentinels(c); !same.empty() && heard == c.sentinels())
        return same + ", and its vote counts once";
    if (c.votes.size() < c.sentinels())
        return count_of(c.sentinels() - c.votes.size(), c.sentinels()) + " cannot be heard";
    if (majority.votes < c.sentinels())
        return count_of(c.sentinels() - majority.votes, c.sentinels()) +
               " name another address or none";
    if (tilted > 0)
        return count_of(tilted, c.sentinels()) + " are in TILT";
    if (std::ranges::any_of(
            c.votes, [&](const Vote& vote) { return vote.config_epoch != majority.highest_epoch; }))
        return "the Sentinels agree on the address and differ on its epoch";
    if (std::ranges::any_of(c.votes, &Vote::no_quorum_for_failover))
        return "a Sentinel reports that no failover could be authorized";
    return {};
}

Verdict judge_majority(const Case& c, const Majority& majority, Standing& standing)
{
    if (!standing.heard_first_at)
        standing.heard_first_at = c.now;
    Verdict verdict;
    verdict.open = true;
    const auto ruling = rule(c, majority, standing);
    verdict.rule = text_of(ruling);
    if (ruling != Ruling::tie && ruling != Ruling::regress) {
        verdict.reason = shortfall(c, majority);
        verdict.state = verdict.reason.empty() ? State::ok : State::degraded;
        return verdict;
    }
    verdict.state = ruling == Ruling::tie ? State::conflict : State::regress;
    verdict.reason =
        count_of(majority.votes, c.sentinels()) + " name " + to_string(majority.address) +
        " at epoch " + std::to_string(majority.highest_epoch) +
        (ruling == Ruling::tie ? ", the epoch of the master in force"
                               : ", which is older than " + std::to_string(standing.high_water));
    return verdict;
}

// A reason not to use the address that a majority names.
struct Doubt {
    State state;
    std::string reason;
    std::string_view rule;
    bool open;  // all the same, by policy
};

bool keep(InDoubt choice)
{
    return choice == InDoubt::keep;
}

constexpr std::string_view other_role = "the node itself does not agree";
constexpr std::string_view other_process = "another process is at the address";
constexpr std::string_view no_process = "nobody at the address has said who it is";

// Takes what the probe of the node in force tells.
void hear_node(const Case& c, Standing& standing)
{
    const auto& current = *standing.current;
    const auto* const probe = find_probe(c.evidence.probes, current);
    hear_word(standing.word, probe, standing.in_force_since);
    watch_process(standing.process, probe, c.votes, current, c.needed(), c.now);
}

// With a majority for it or without, the master is used only while it says nothing else itself, and
// while it is known who is there.
void heed_node(const Case& c, const Standing& standing, Verdict& verdict)
{
    if (!verdict.open || !standing.current)
        return;
    const auto* const probe = find_probe(c.evidence.probes, *standing.current);
    const bool denied = denies(standing.word);
    const auto objection =
        denied ? role_objection(standing.word, probe, standing.in_force_since, c.now)
               : process_objection(standing.process);
    if (!denied && objection.empty())
        return;
    verdict.open = false;
    verdict.rule = denied ? other_role : standing.process.other ? other_process : no_process;
    if (verdict.state != State::silent)  // which says so itself
        verdict.reason +=
            (verdict.reason.empty() ? "of the last master: " : "; of the last master: ") +
            objection;
}

Reign reign_of(const Standing& standing)
{
    return {*standing.current, standing.high_water, standing.heard_first_at};
}

// The first reason found; `verdict` is what the majority alone would give.
std::optional<Doubt> find_doubt(const Case& c, const Verdict& verdict, Standing& standing)
{
    const auto& current = *standing.current;
    const auto& policy = c.subject.policy;
    const auto* const probe = find_probe(c.evidence.probes, current);
    standing.down = is_down(standing.down, c.votes, current, c.sentinels(), probe, c.now);

    if (standing.down) {
        const auto [s_down, o_down] = count_down(c.votes, current);
        auto reason = count_of(s_down, c.sentinels()) + " see the master as down, " +
                      std::to_string(o_down) + " objectively";
        return Doubt{
            State::odown, std::move(reason), "the master is seen as down", keep(policy.odown)};
    }
    const auto reign = reign_of(standing);
    switch (promotion_doubt(standing.promotions, c.evidence, c.votes, reign, c.now)) {
        case PromotionDoubt::none: break;
        case PromotionDoubt::announced: {
            const auto& vote = *announced_before(reign, c.votes, c.now);
            return Doubt{
                State::switching,
                "a Sentinel already names " + to_string(*vote.address) + " at epoch " +
                    std::to_string(vote.config_epoch),
                "a promotion was announced before the agent listened",
                keep(policy.switching)};
        }
        case PromotionDoubt::under_way:
            return Doubt{
                State::switching,
                "a Sentinel is promoting another node",
                "a promotion is under way",
                keep(policy.switching)};
        case PromotionDoubt::two_masters:
            return Doubt{
                State::conflict,
                "a promotion was never announced, and both nodes say that they are master",
                "two nodes are master",
                keep(policy.switching)};
    }
    auto objection = role_objection(standing.word, probe, standing.in_force_since, c.now);
    const bool is_other = objection.empty() && standing.process.other;
    if (is_other)
        objection = process_objection(standing.process);
    if (!objection.empty())
        return Doubt{
            State::not_master,
            "the Sentinels name " + to_string(current) + ", and " + objection,
            is_other ? other_process : other_role,
            false};
    if (probe && !probe->silent_since &&
        is_isolated(standing.isolation, c.votes, current, c.sentinels()))
        return Doubt{
            State::isolated,
            "the master answers, but its replicas get nothing and Sentinels wait for it",
            "the master is cut off",
            keep(policy.isolated)};
    if (standing.process.gone_since)
        return Doubt{
            State::silent,
            "the master hung up or refuses connections: nobody there has said yet who it is",
            "the master is silent",
            verdict.open};  // heed_node closes it
    if (probe && probe->silent_since &&
        (probe->refused || c.now - *probe->silent_since > silence_limit))
        return Doubt{
            State::silent,
            probe->refused ? "the master hung up or refuses connections"
                           : "the master does not answer the agent's probe",
            "the master is silent",
            verdict.open};
    return std::nullopt;
}

// What a majority gives, with the doubts about it.
Verdict judge_heard(const Case& c, const Majority& majority, Standing& standing)
{
    standing.quorum_lost_at.reset();
    standing.shut.reset();
    auto verdict = judge_majority(c, majority, standing);
    hear_node(c, standing);  // it may have come into force now
    watch_promotions(standing.promotions, c.evidence, c.votes, reign_of(standing), c.now);
    if (verdict.state != State::ok && verdict.state != State::degraded)
        return verdict;
    if (auto doubt = find_doubt(c, verdict, standing)) {
        verdict.state = doubt->state;
        verdict.reason = std::move(doubt->reason);
        verdict.rule = doubt->rule;
        verdict.open = doubt->open;
        if (!doubt->open)
            standing.shut = Shut{doubt->state, std::nullopt};
    } else {
        note_calm(standing.isolation.list, c.now);
    }
    return verdict;
}

// The name of the address among HAProxy's servers, and whether it may be used at all: where
// `servers:` is given, it is the whole set.
void map_server(Verdict& verdict, const Case& c)
{
    const auto& servers = c.subject.servers;
    if (!verdict.address || servers.empty())
        return;
    const auto close = [&](std::string reason, std::string_view rule) {
        if (!std::exchange(verdict.open, false))
            return;  // for another reason already
        verdict.state = State::unmapped;
        verdict.reason = std::move(reason);
        verdict.rule = rule;
    };
    const auto server = std::ranges::find(servers, *verdict.address, &Server::address);
    if (server == servers.end()) {
        close(
            "the master is " + to_string(*verdict.address) +
                ", which no entry of servers: maps: add it there and to haproxy.cfg",
            "no server has the address");
        return;
    }
    verdict.server = server->name;
    const auto wrong = std::ranges::find(c.evidence.misplaced, server->name, &Misplaced::server);
    if (wrong != c.evidence.misplaced.end())
        close(wrong->why, "HAProxy's server is another machine");
}

std::optional<TimePoint> next_look(
    const Standing& standing, const Evidence& evidence, TimePoint now)
{
    std::optional<TimePoint> next;
    const auto look_at = [&](TimePoint when) {
        if (now < when && (!next || when < *next))
            next = when;
    };
    if (standing.shut && standing.shut->until)
        look_at(*standing.shut->until);
    if (standing.current && find_probe(evidence.probes, *standing.current))
        look_at(standing.in_force_since + probe_deadline);
    if (standing.heard_first_at)
        look_at(*standing.heard_first_at + announcement_limit);
    if (standing.process.gone_since)
        look_at(*standing.process.gone_since + info_limit + std::chrono::milliseconds(1));
    if (const auto spent = next_spent(standing.promotions, now))
        look_at(*spent);
    return next;
}

}  // namespace

Judgement judge(const Subject& subject, const Evidence& evidence, Standing standing, TimePoint now)
{
    const auto votes = sentinel::valid_votes(evidence.ballots, subject.vote_ttl, now);
    const Case c{subject, evidence, votes, now};
    if (!votes.empty())
        standing.unheard_since.reset();
    else if (!standing.unheard_since)
        standing.unheard_since = now;
    note_challenger(c, standing);
    bury_no_longer(c, standing);
    if (standing.current) {
        const auto& current = *standing.current;
        watch_promotions(standing.promotions, evidence, votes, reign_of(standing), now);
        watch_isolation(standing.isolation, evidence.probes, current);
        hear_node(c, standing);
    }

    Verdict verdict;
    if (auto anew = judge_asked_anew(c, standing)) {
        verdict = *std::move(anew);
    } else if (const auto majority = sentinel::find_majority(votes, c.needed())) {
        verdict = judge_heard(c, *majority, standing);
    } else {
        verdict = judge_disunity(c, standing);
    }
    heed_node(c, standing, verdict);

    if (verdict.state != State::unknown_name) {
        verdict.address = standing.current;
        verdict.votes = votes_for(standing.current, votes);
    }
    verdict.sentinels = evidence.ballots.size();
    verdict.epoch = standing.high_water;
    map_server(verdict, c);
    const auto look_again = next_look(standing, evidence, now);
    return {std::move(verdict), std::move(standing), look_again};
}

}  // namespace spoa::verdict
