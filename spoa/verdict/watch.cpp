#include "verdict/watch.hpp"

#include <utility>

namespace spoa::verdict {

Watch::Watch(Subject subject, std::size_t sentinels, TimePoint now)
    : subject_(std::move(subject)), ballots_(sentinels), since_(now)
{
    review(now);
}

void Watch::cast(std::size_t sentinel, Vote vote)
{
    ballots_[sentinel] = std::move(vote);
}

void Watch::lose(std::size_t sentinel)
{
    ballots_[sentinel].reset();
}

std::optional<Change> Watch::review(TimePoint now)
{
    auto judgement = judge(subject_, ballots_, std::move(standing_), now);
    standing_ = std::move(judgement.standing);
    if (judgement.verdict == verdict_)
        return std::nullopt;

    Change change;
    change.after = judgement.verdict;
    change.before = std::exchange(verdict_, std::move(judgement.verdict));
    const auto& [before, after, delay] = change;
    if (before.address != after.address && after.address && standing_.challenger)
        change.delay = now - standing_.challenger->since;
    if (before.address != after.address || before.state != after.state || before.open != after.open)
        since_ = now;
    return change;
}

}  // namespace spoa::verdict
