#include "agent/snapshot.hpp"

#include "agent/reads.hpp"

#include <algorithm>
#include <utility>

namespace spoa::agent {
namespace {

std::shared_ptr<const Answer> make_answer(const Update& update)
{
    auto verdict = *update.verdict;
    if (update.held_back) {
        verdict.open = false;
        verdict.reason = "HAProxy is not ready yet for the master's server";
    }
    if (verdict.address && update.locate)
        verdict.address = update.locate(*verdict.address);
    auto answer = std::make_shared<Answer>();
    answer->actions = encode_answer(verdict);
    answer->state = verdict.state;
    answer->open = verdict.open;
    if (!update.held_back && !verdict::is_worth_waiting(verdict))
        return answer;
    answer->wait = update.wait;
    // A master that never answers our probe may well serve its clients: they are not slowed for
    // ever.
    if (verdict.open)
        answer->wait_no_later = update.since + update.wait;
    return answer;
}

std::shared_ptr<const Answer> make_gone(std::string_view reason)
{
    auto answer = std::make_shared<Answer>();
    answer->actions = encode_refusal(reason);
    answer->state = verdict::State::unknown_name;
    answer->gone = true;
    return answer;
}

const std::shared_ptr<const Reads>& no_reads()
{
    static const auto made = only_answer(
        make_gone("role=replica is not offered: the master has no replicas: configured"));
    return made;
}

}  // namespace

NameIndex::NameIndex(std::vector<std::string> names) : names_(std::move(names))
{
    for (std::size_t place = 0; place < names_.size(); ++place)
        if (!names_[place].empty())
            places_.emplace(names_[place], place);
}

std::optional<std::size_t> NameIndex::find_only() const
{
    return places_.size() == 1 ? std::optional(places_.begin()->second) : std::nullopt;
}

std::optional<std::size_t> NameIndex::find(std::string_view name) const
{
    const auto found = places_.find(name);
    if (found == places_.end())
        return std::nullopt;
    return found->second;
}

std::shared_ptr<const Snapshot> make_snapshot(std::shared_ptr<const NameIndex> index)
{
    verdict::Verdict nothing;
    nothing.reason = "starting: no Sentinel has answered yet";
    auto snapshot = std::make_shared<Snapshot>();
    const auto starting = make_answer({.verdict = &nothing});
    const auto gone = make_gone("the agent is not configured for this name any more");
    const auto gone_reads = only_answer(gone);
    for (const auto& name : index->names()) {
        snapshot->answers.push_back(name.empty() ? gone : starting);
        snapshot->reads.push_back(name.empty() ? gone_reads : no_reads());
    }
    snapshot->index = std::move(index);
    return snapshot;
}

std::shared_ptr<const Snapshot> with_updates(const Snapshot& old, std::span<const Update> updates)
{
    auto snapshot = std::make_shared<Snapshot>(old);
    for (const auto& update : updates) {
        auto& answer = snapshot->answers[update.place];
        answer = make_answer(update);
        snapshot->reads[update.place] = update.reads ? make_reads(update, answer) : no_reads();
        if (update.reads)
            snapshot->read_counters =
                std::max(snapshot->read_counters, update.reads->counters.last() + 1);
    }
    return snapshot;
}

}  // namespace spoa::agent
