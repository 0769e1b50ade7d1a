#include "verdict/fallback.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace spoa::verdict {
namespace {

// Too few are heard, perhaps because we are cut off with the master. By its own list it has lost
// its replicas too: then the others may replace it, and what it takes is lost.
void note_isolation(const Case& c, const Standing& standing, Verdict& verdict)
{
    const bool keep = c.subject.policy.isolated == InDoubt::keep;
    if (!has_lost_replicas(standing.isolation.list) || (keep && !verdict.open))
        return;
    verdict.state = State::isolated;
    verdict.reason += ", and the master's replicas acknowledge nothing any more";
    verdict.rule = "no majority is heard, and the master has lost its replicas";
    verdict.open = keep;
}

Verdict judge_quorum_lost(const Case& c, Standing& standing)
{
    const auto since = standing.quorum_lost_at.value_or(c.now);
    standing.quorum_lost_at = since;
    const auto& policy = c.subject.policy;
    const bool holding =
        policy.no_quorum == NoQuorum::hold &&
        (policy.no_quorum_hold.count() == 0 || c.now - since <= policy.no_quorum_hold);
    Verdict verdict;
    verdict.open = holding && standing.current.has_value();
    const bool stale = standing.unheard_since && c.now - *standing.unheard_since >= stale_after;
    verdict.state = stale ? State::stale : State::no_quorum;
    const auto answering = c.votes.empty()
                               ? "none of " + std::to_string(c.sentinels()) + " Sentinels"
                               : "only " + count_of(c.votes.size(), c.sentinels());
    verdict.reason = std::string(standing.current ? "" : "starting: ") + answering +
                     (c.votes.size() > 1 ? " answer, " : " answers, ") +
                     std::to_string(c.needed()) + " are needed";
    if (const auto same = same_sentinels(c); !same.empty())
        verdict.reason += "; " + same;
    verdict.rule = verdict.open ? "no majority is heard: the last master is held"
                                : "no majority is heard: refused";
    note_isolation(c, standing, verdict);
    return verdict;
}

// Which names they do monitor, as one of those says that do not know this one.
std::string known_instead(std::span<const Vote> votes)
{
    const auto found = std::ranges::find_if(
        votes, [](const Vote& vote) { return !vote.address && !vote.monitored.empty(); });
    if (found == votes.end())
        return {};
    std::string text = "; they monitor";
    std::string_view joint = " '";
    for (const auto& name : found->monitored)
        text += std::string(std::exchange(joint, ", '")) + name + "'";
    return text;
}

Verdict judge_apart(const Case& c, Standing& standing)
{
    const auto nil = votes_for(std::nullopt, c.votes);
    standing.contender.reset();
    if (nil < c.needed() && c.votes.size() < c.sentinels())
        return judge_quorum_lost(c, standing);

    standing.quorum_lost_at.reset();
    Verdict verdict;
    if (nil >= c.needed()) {
        verdict.state = State::unknown_name;
        verdict.reason = count_of(nil, c.sentinels()) + " do not monitor the name '" +
                         c.subject.name + "'" + known_instead(c.votes);
        verdict.rule = "a majority does not know the name";
        return verdict;
    }
    verdict.state = State::conflict;
    verdict.reason = "no address is named by " + count_of(c.needed(), c.sentinels());
    verdict.rule = "all are heard and no majority agrees";
    verdict.open = standing.current.has_value();
    return verdict;
}

}  // namespace

// In mid-failover a Sentinel may be silent for a second, as it waits for its disk, while another
// names the next master already. That is no reason to use the last one, which was in doubt.
Verdict judge_disunity(const Case& c, Standing& standing)
{
    auto verdict = judge_apart(c, standing);
    auto& shut = standing.shut;
    if (!verdict.open || !shut)
        return verdict;
    shut->until = shut->until.value_or(c.now + doubt_outlives);
    if (c.now >= *shut->until)
        return verdict;
    verdict.open = false;
    verdict.state = shut->state;
    verdict.reason += "; the last majority was in doubt";
    verdict.rule = "a doubt outlives the majority that raised it";
    return verdict;
}

std::optional<Verdict> judge_asked_anew(const Case& c, Standing& standing)
{
    if (!standing.asked_anew_at)
        return std::nullopt;
    if (c.votes.size() >= c.needed() || c.now - *standing.asked_anew_at > ask_anew_limit) {
        standing.asked_anew_at.reset();
        return std::nullopt;
    }
    Verdict verdict;
    verdict.state = State::stale;
    verdict.reason = "all votes were dropped, and the Sentinels are asked anew";
    verdict.rule = "nothing heard before counts";
    return verdict;
}

}  // namespace spoa::verdict
