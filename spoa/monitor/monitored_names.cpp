#include "monitor/monitored_names.hpp"

#include "verdict/warnings.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace spoa::monitor {

Effects MonitoredNames::on_vote(
    std::size_t sentinel, std::size_t name, sentinel::Vote vote, TimePoint now)
{
    Effects out;
    if (!names_[name].watch.cast(sentinel, std::move(vote)))
        return out;
    out = judge(std::array{name}, now);
    note_unmapped(name, out);
    return out;
}

Effects MonitoredNames::on_no_vote(std::size_t sentinel, std::size_t name, TimePoint now)
{
    names_[name].watch.lose(sentinel);
    return judge(std::array{name}, now);
}

Effects MonitoredNames::on_sentinel_down(std::size_t sentinel, TimePoint now)
{
    for (const auto name : order_)
        names_[name].watch.lose(sentinel);
    return judge(order_, now);
}

Effects MonitoredNames::on_event(
    std::size_t sentinel, std::size_t name, const sentinel::Event& event, TimePoint now)
{
    using sentinel::Hint;
    using Whom = Question::Whom;
    names_[name].watch.hear(sentinel, event, now);
    names_[name].course.hear(event, now);
    auto out = judge(std::array{name}, now);
    const auto ask = [&](Whom whom) { out.questions.push_back({whom, name, sentinel}); };
    switch (event.hint) {
        case Hint::ask_sender: ask(Whom::sentinel); break;
        case Hint::ask_quorum: ask(Whom::its_quorum); break;
        case Hint::ask_replicas: ask(Whom::its_replicas); break;
        case Hint::ask_all: ask(Whom::everybody); break;
        case Hint::ask_nodes: ask(Whom::nodes); break;
        default: break;
    }
    return out;
}

Effects MonitoredNames::on_probe(std::size_t name, verdict::Probe probe, TimePoint now)
{
    names_[name].watch.examine(std::move(probe));
    return judge(std::array{name}, now);
}

Effects MonitoredNames::on_haproxy(
    std::size_t name, std::vector<verdict::Misplaced> writes, std::vector<verdict::Misplaced> reads,
    TimePoint now)
{
    auto& each = names_[name];
    const bool news = each.watch.set_misplaced(std::move(writes), std::move(reads));
    if (news || each.release.holds_back())
        return judge(std::array{name}, now);
    return {};
}

void MonitoredNames::hold_to(std::size_t name, const Endpoint& former, TimePoint now)
{
    auto& watch = names_[name].watch;
    watch.restore(former, watch.standing().high_water, now);
    watch.forget(now);
}

Effects MonitoredNames::look(TimePoint now)
{
    std::vector<std::size_t> due;
    for (const auto name : order_)
        if (const auto look = names_[name].look_again(); look && *look <= now)
            due.push_back(name);
    auto out = judge(due, now);
    if (out.forgotten)
        return out;
    for (const auto name : order_)
        if (auto& course = names_[name].course;
            course.under_way() && course.look(sessions(name), now))
            out.steps.emplace_back(name, course.newest());
    return out;
}

// Whatever wakes first after a stop of the process, a time-out or a reply that lay unread, must not
// be judged by the votes that were heard earlier.
bool MonitoredNames::forget_after_a_stop(TimePoint now, Effects& out)
{
    if (now - std::exchange(awake_at_, now) <= vote_ttl_)
        return false;
    for (const auto name : order_) {
        names_[name].watch.forget(now);
        out.questions.push_back({Question::Whom::everybody, name, 0});
    }
    out.forgotten = true;
    return true;
}

// Judges these names anew; after a stop all of them.
Effects MonitoredNames::judge(std::span<const std::size_t> names, TimePoint now)
{
    Effects out;
    if (forget_after_a_stop(now, out))
        names = order_;
    for (const auto name : names)
        judge_one(name, now, out);
    return out;
}

void MonitoredNames::judge_one(std::size_t name, TimePoint now, Effects& out)
{
    auto& each = names_[name];
    if (!each.in_use)
        return;
    out.at = now;
    auto change = each.watch.review(now);
    const bool other_reads = each.replicas.review(each.watch, now);
    const bool released = each.release.review(
        each.watch.verdict(),
        [&](const std::string& server) { return surroundings_.readiness(name, server); },
        now);
    if (change || other_reads || released)
        out.answers.push_back(name);
    if (each.want(now))
        out.servers.push_back(name);
    if (other_reads)
        out.reads.push_back(name);
    if (change)
        note_change(name, *std::move(change), out);
    while (each.course.follow(each.watch, sessions(name), now))
        out.steps.emplace_back(name, each.course.newest());
}

void MonitoredNames::note_change(std::size_t name, verdict::Change change, Effects& out)
{
    const auto& [before, after, at, delay] = change;
    const bool moved = before.address != after.address;
    if (moved)
        for (const auto whom : {Question::Whom::resolver, Question::Whom::nodes})
            out.questions.push_back({whom, name, 0});
    out.save = out.save || moved || before.epoch != after.epoch;
    out.changes.emplace_back(name, std::move(change));
}

// Before one of them is master, and nothing can be named.
void MonitoredNames::note_unmapped(std::size_t name, Effects& out)
{
    auto& each = names_[name];
    auto unmapped = verdict::unmapped_replicas(each.watch);
    if (unmapped == each.unmapped)
        return;
    each.unmapped = std::move(unmapped);
    out.unmapped.push_back(name);
}

verdict::SessionsSeen MonitoredNames::sessions(std::size_t name) const
{
    const auto& course = names_[name].course;
    return surroundings_.sessions(name, course.under_way() ? &course.newest() : nullptr);
}

bool MonitoredNames::knows_all() const
{
    return std::ranges::all_of(order_, [this](std::size_t name) {
        const auto state = names_[name].watch.verdict().state;
        // Stale: what is in force is only remembered, and refused.
        return state != verdict::State::no_quorum && state != verdict::State::stale &&
               names_[name].replicas.knows_all();
    });
}

std::optional<std::size_t> MonitoredNames::find(std::string_view name) const
{
    const auto known = places_.find(name);
    if (known == places_.end() || !names_[known->second].in_use)
        return std::nullopt;
    return known->second;
}

}  // namespace spoa::monitor
