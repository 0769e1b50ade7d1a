#include "daemon/control.hpp"

#include "net/timeout.hpp"
#include "telemetry/log.hpp"

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <array>
#include <cstdio>

namespace asio = boost::asio;

namespace spoa::daemon {
namespace {

using telemetry::write_log;
using verdict::Change;
using verdict::Verdict;
using Clock = std::chrono::steady_clock;

// Votes age without anybody telling us: how often to look.
constexpr std::chrono::milliseconds review_period{100};

std::vector<std::string> names_of(const config::Config& config)
{
    std::vector<std::string> names;
    for (const auto& master : config.masters)
        names.push_back(master.name);
    return names;
}

std::string milliseconds_text(Clock::duration duration)
{
    std::array<char, 32> text{};
    std::snprintf(
        text.data(),
        text.size(),
        "%.1fms",
        std::chrono::duration<double, std::milli>(duration).count());
    return text.data();
}

// `R1 (10.0.0.1:6379)`, the address alone where no server has it, or `none`.
std::string master_text(const Verdict& verdict)
{
    if (!verdict.address)
        return "none";
    const auto address = to_string(*verdict.address);
    return verdict.server.empty() ? address : verdict.server + " (" + address + ")";
}

// What a person on call must see; the rest, as a vote more or less, is for debugging.
LogLevel level_of(const Change& change)
{
    const auto& [before, after, delay] = change;
    if (before.open && !after.open)
        return LogLevel::error;
    if (before.state != after.state && after.state != verdict::State::ok)
        return LogLevel::warning;
    if (before.state != after.state || before.address != after.address ||
        before.open != after.open || before.epoch != after.epoch)
        return LogLevel::info;
    return LogLevel::debug;
}

void log_change(const std::string& name, const Change& change)
{
    const auto& [before, after, delay] = change;
    const auto move = before.address == after.address
                          ? "master " + master_text(after)
                          : "master " + master_text(before) + " -> " + master_text(after);
    const auto state = before.state == after.state ? std::string(name_of(after.state))
                                                   : std::string(name_of(before.state)) + "->" +
                                                         std::string(name_of(after.state));
    write_log(
        level_of(change),
        name + ": " + move,
        {{"state", state},
         {"traffic", after.open ? "open" : "refused"},
         {"epoch", std::to_string(after.epoch)},
         {"votes", std::to_string(after.votes) + "/" + std::to_string(after.sentinels)},
         {"took", delay ? milliseconds_text(*delay) : ""},
         {"reason", after.reason}});
}

}  // namespace

std::shared_ptr<const agent::Snapshot> first_snapshot(const config::Config& config)
{
    return agent::make_snapshot(std::make_shared<agent::NameIndex>(names_of(config)));
}

Control::Control(
    const asio::any_io_executor& executor, const config::Config& config,
    telemetry::Metrics& metrics, Publish publish)
    : executor_(executor),
      metrics_(metrics),
      publish_(std::move(publish)),
      snapshot_(first_snapshot(config)),
      refusals_(config.sentinels.addresses.size(), std::vector<std::string>(config.masters.size()))
{
    const auto& given = config.sentinels;
    for (const auto& master : config.masters) {
        watches_.emplace_back(
            verdict::Subject{master.name, master.servers, master.policy, given.vote_ttl},
            given.addresses.size(),
            Clock::now());
        metrics_.set_verdict(watches_.size() - 1, watches_.back().verdict());
    }
    for (const auto& address : given.addresses) {
        const auto place = sentinels_.size();
        sentinels_.push_back({to_string(address), false, "not connected yet"});
        link_at_.push_back(&links_.emplace_back(
            executor_,
            place,
            net::SentinelSettings{
                address,
                given.credentials.username,
                given.credentials.password.reveal(),
                names_of(config),
                given.poll_interval,
                given.query_timeout},
            *this));
    }
}

void Control::start(net::TaskGroup& tasks)
{
    for (auto& link : links_)
        tasks.spawn(link.run());
    tasks.spawn(review_regularly());
}

asio::awaitable<void> Control::review_regularly()
{
    asio::steady_timer timer(executor_);
    for (;;) {
        timer.expires_after(review_period);
        if (const auto [error] = co_await timer.async_wait(net::as_result); error)
            co_return;
        review(0, watches_.size());
    }
}

// Judges these names anew and puts all changes in force at once.
void Control::review(std::size_t first, std::size_t count)
{
    std::vector<agent::Update> updates;
    std::vector<Change> changes;
    for (auto place = first; place < first + count; ++place)
        if (auto change = watches_[place].review(Clock::now())) {
            updates.push_back({place, &watches_[place].verdict()});
            changes.push_back(*std::move(change));
        }
    if (updates.empty())
        return;
    snapshot_ = agent::with_updates(*snapshot_, updates);
    publish_(snapshot_);
    for (std::size_t i = 0; i < updates.size(); ++i)
        on_change(updates[i].place, changes[i]);
}

void Control::on_change(std::size_t name, const Change& change)
{
    metrics_.set_verdict(name, change.after);
    if (change.before.address && change.after.address &&
        change.before.address != change.after.address)
        metrics_.count_switch(name, change.delay.value_or(Clock::duration::zero()));
    log_change(watches_[name].subject().name, change);
}

void Control::on_up(std::size_t sentinel)
{
    auto& report = sentinels_[sentinel];
    report.up = true;
    report.failure.clear();
    metrics_.set_sentinel_up(sentinel, true);
    write_log(LogLevel::info, "sentinel " + report.address + ": connected");
}

void Control::on_down(std::size_t sentinel, const net::LinkFailure& failure)
{
    auto& report = sentinels_[sentinel];
    const bool news = report.up || report.failure != failure.reason;
    report.up = false;
    report.failure = failure.reason;
    metrics_.set_sentinel_up(sentinel, false);
    write_log(
        news ? LogLevel::warning : LogLevel::debug,
        "sentinel " + report.address + ": no vote from it",
        {{"reason", failure.reason}, {"retry", failure.permanent ? "seldom" : "soon"}});
    for (auto& watch : watches_)
        watch.lose(sentinel);
    review(0, watches_.size());
}

void Control::on_vote(std::size_t sentinel, std::size_t name, sentinel::Vote vote)
{
    refusals_[sentinel][name].clear();
    watches_[name].cast(sentinel, std::move(vote));
    review(name, 1);
}

void Control::on_no_vote(std::size_t sentinel, std::size_t name, const sentinel::Refused& refused)
{
    auto& last = refusals_[sentinel][name];
    if (last != refused.text)
        write_log(
            LogLevel::warning,
            "sentinel " + sentinels_[sentinel].address + ": no vote from it for " +
                watches_[name].subject().name,
            {{"reason", refused.text}});
    last = refused.text;
    watches_[name].lose(sentinel);
    review(name, 1);
}

void Control::on_event(std::size_t sentinel, const sentinel::Event& event)
{
    const auto watch = std::ranges::find_if(watches_, [&](const verdict::Watch& each) {
        return each.subject().name == event.master_name;
    });
    if (watch == watches_.end())
        return;  // a name that only others watch, or an event without one
    const auto name = static_cast<std::size_t>(watch - watches_.begin());
    write_log(
        LogLevel::debug,
        "sentinel " + sentinels_[sentinel].address + ": event",
        {{"event", std::string(event.channel)}, {"name", event.master_name}});
    if (event.hint == sentinel::Hint::ask_sender)
        link_at_[sentinel]->ask_now(name);
    else if (event.hint == sentinel::Hint::ask_all)
        for (auto* const link : link_at_)
            link->ask_now(name);
}

void Control::on_answer_time(std::size_t sentinel, std::chrono::nanoseconds took)
{
    metrics_.observe_query(sentinel, took);
}

}  // namespace spoa::daemon
