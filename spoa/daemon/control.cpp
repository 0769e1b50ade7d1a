#include "daemon/control.hpp"

#include "daemon/change_log.hpp"
#include "daemon/make_tls.hpp"
#include "net/timeout.hpp"
#include "telemetry/log.hpp"

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <utility>

namespace asio = boost::asio;

namespace spoa::daemon {
namespace {

using telemetry::write_log;
using verdict::Change;
using Clock = std::chrono::steady_clock;

// Votes age without anybody telling us: how often to look. Between, only at the names that said
// that they change by themselves.
constexpr std::chrono::milliseconds review_period{200};
constexpr std::chrono::milliseconds look_period{10};
// A start takes some 50 ms where all goes well.
constexpr std::chrono::milliseconds first_word_after{600};

telemetry::ServerWishes words_of(const haproxy_api::Wishes& wishes)
{
    telemetry::ServerWishes servers;
    for (const auto& [server, wish] : wishes)
        servers.emplace_back(server, haproxy_api::word_for(wish));
    return servers;
}

}  // namespace

Control::Control(
    const asio::any_io_executor& executor, const config::Config& config,
    telemetry::Metrics& metrics, EventFeed& events, Publish publish, Answers answers,
    const std::optional<std::vector<telemetry::Remembered>>& handed_over)
    : executor_(executor),
      metrics_(metrics),
      events_(events),
      publish_(std::move(publish)),
      answers_(std::move(answers)),
      hosts_(executor),
      snapshot_(
          agent::make_snapshot(std::make_shared<agent::NameIndex>(std::vector<std::string>()))),
      fences_(executor, metrics.haproxies(), [this](std::size_t name) { on_haproxy(name); }),
      twemproxies_(executor, metrics.twemproxies()),
      awake_at_(Clock::now())
{
    apply(config, make_clients(config));
    if (const auto remembered = handed_over   ? handed_over
                                : state_file_ ? state_file_->read()
                                              : std::nullopt)
        recall(*remembered);
    events_.describe = [this](std::size_t name) {
        const telemetry::ReadsNow reads{
            names_[name].replicas, words_of(names_[name].read_wishes.wishes())};
        return telemetry::master_event(
            names_[name].watch,
            words_of(names_[name].wishes),
            names_[name].delivery,
            telemetry::Moment::now(),
            &reads);
    };
    hosts_.on_change = [this](const std::string& host, const std::vector<std::string>& before) {
        on_host(host, before);
    };
}

void Control::start(net::TaskGroup& tasks)
{
    tasks_ = &tasks;
    publish_(snapshot_);  // before anybody asks
    tasks.spawn(hosts_.run());
    for (const auto& sentinel : links_)
        launch(*sentinel);
    for (const auto place : order_)
        for (const auto& node : names_[place].links)
            launch(*node);
    fences_.start(tasks);
    tasks.spawn(review_regularly());
}

bool Control::knows_all() const
{
    return std::ranges::all_of(order_, [this](std::size_t place) {
        const auto& name = names_[place];
        const auto state = name.watch.verdict().state;
        // Stale: what is in force is only remembered, and refused.
        return state != verdict::State::no_quorum && state != verdict::State::stale &&
               name.replicas.knows_all();
    });
}

std::vector<telemetry::NameReport> Control::names() const
{
    std::vector<telemetry::NameReport> reports;
    reports.reserve(names_.size());
    for (const auto place : order_)
        reports.push_back(name(place));
    return reports;
}

telemetry::NameReport Control::name(std::size_t place) const
{
    const auto& name = names_[place];
    return {
        name.watch,
        name.nodes,
        0,
        &name.course.failovers(),
        place,
        name.watch.subject().replicas ? &name.replicas : nullptr,
        &name.delivery};
}

std::optional<std::size_t> Control::find_name(std::string_view name) const
{
    const auto known = places_.find(name);
    if (known == places_.end() || !names_[known->second].in_use)
        return std::nullopt;
    return known->second;
}

asio::awaitable<void> Control::review_regularly()
{
    asio::steady_timer timer(executor_);
    std::optional begun(Clock::now());
    for (auto next_review = Clock::now();;) {
        timer.expires_after(look_period);
        if (const auto [error] = co_await timer.async_wait(net::as_result); error)
            co_return;
        const auto now = Clock::now();
        if (now >= next_review) {
            review(0, names_.size());
            publish_(snapshot_);
            events_.catch_up();
            ending_.sweep();
            next_review = now + review_period;
            if (begun && now - *begun >= first_word_after) {
                tell_unknown_masters();
                begun.reset();
            }
            continue;
        }
        if (forget_after_a_stop())
            continue;
        for (const auto place : order_)
            if (const auto look = look_again(place); look && *look <= now)
                review(place, 1);
            else if (auto& course = names_[place].course;
                     course.under_way() && course.look(sessions_seen(place), now))
                tell_failover(place);
    }
}

// After a start nothing has changed yet, so no change tells why connections are refused.
void Control::tell_unknown_masters() const
{
    constexpr std::size_t most_names = 5;
    std::string unknown;
    std::size_t count = 0;
    const verdict::Verdict* first = nullptr;
    for (const auto place : order_) {
        const auto& verdict = names_[place].watch.verdict();
        const bool waits =
            verdict.state == verdict::State::no_quorum || verdict.state == verdict::State::stale;
        if (verdict.open || !waits)
            continue;
        first = first ? first : &verdict;
        if (++count <= most_names)
            unknown += (unknown.empty() ? "" : ", ") + names_[place].watch.subject().name;
    }
    if (!first)
        return;
    std::string silent;
    for (const auto& sentinel : sentinels_)
        if (!sentinel.up)
            silent += (silent.empty() ? "" : "; ") + sentinel.address + ": " + sentinel.failure;
    write_log(
        LogLevel::error,
        "no master is known yet, and connections are refused: " + unknown +
            (count > most_names ? ", …" : ""),
        {{"reason", first->reason}, {"sentinels", silent}});
}

void Control::forget_everything(std::string_view why)
{
    write_log(
        LogLevel::warning,
        "all votes are dropped and asked for anew",
        {{"reason", std::string(why)}});
    for (const auto place : order_) {
        names_[place].watch.forget(Clock::now());
        ask_everyone(place);
    }
    review(0, names_.size());
}

void Control::ask_everyone(std::size_t name)
{
    for (const auto& sentinel : links_)
        sentinel->link.ask_now(name);
    ask_nodes(name);
}

void Control::ask_nodes(std::size_t name)
{
    for (const auto& node : names_[name].links)
        node->link.ask_now();
}

// Whatever wakes first after a stop of the process, a time-out or a reply that lay unread, must not
// be judged by votes of before.
bool Control::forget_after_a_stop()
{
    const auto now = Clock::now();
    if (now - std::exchange(awake_at_, now) <= vote_ttl_)
        return false;
    forget_everything("the agent itself was stopped for longer than vote_ttl");
    return true;
}

// Judges these names anew and puts all changes in force at once.
void Control::review(std::size_t first, std::size_t count)
{
    if (forget_after_a_stop())
        return;
    const auto now = Clock::now();
    std::vector<agent::Update> updates;
    std::deque<agent::ReadUpdate> reads;
    std::vector<std::pair<std::size_t, Change>> changes;
    std::vector<bool> other_reads(count);
    std::vector<bool> tell(count);
    for (auto place = first; place < first + count; ++place) {
        auto& name = names_[place];
        if (!name.in_use)
            continue;
        look_for_strangers(place, now);
        auto change = name.watch.review(now);
        other_reads[place - first] = name.replicas.review(name.watch, now);
        const bool held_back = hold_back(place, now);
        const bool other_hold = held_back != std::exchange(name.held_back, held_back);
        if (change || other_reads[place - first] || other_hold)
            updates.push_back(update_of(place, reads));
        if (change)
            changes.emplace_back(place, *std::move(change));
        tell[place - first] = other_reads[place - first];
    }
    if (!updates.empty()) {
        snapshot_ = agent::with_updates(*snapshot_, updates);
        publish_(snapshot_);
    }
    for (auto place = first; place < first + count; ++place) {
        if (!names_[place].in_use)
            continue;
        auto wishes = wishes_for(names_[place].watch, now);
        fences_.want(place, wishes);
        if (fence_reads(place, now))
            tell[place - first] = true;
        follow_twemproxies(place);
        if (other_reads[place - first])
            log_reads(place, now);
        if (wishes != std::exchange(names_[place].wishes, wishes))
            tell[place - first] = true;
    }
    for (const auto& [place, change] : changes) {
        on_change(place, change);
        const bool delivery = look_at_delivery(place);
        const bool urgent = change.decides() || delivery || tell[place - first];
        events_.changed(place, change.notable() || urgent, urgent);
        tell[place - first] = false;
    }
    for (std::size_t i = 0; i < count; ++i)
        if (tell[i])
            events_.changed(first + i, true);
    for (auto place = first; place < first + count; ++place)
        while (names_[place].in_use &&
               names_[place].course.follow(names_[place].watch, sessions_seen(place), now))
            tell_failover(place);
}

verdict::SessionsSeen Control::sessions_seen(std::size_t name) const
{
    verdict::SessionsSeen sessions{{}, answers_(name)};
    if (const auto& course = names_[name].course; course.under_way())
        sessions.old_ended = fences_.is_out(name, course.newest().from);
    return sessions;
}

void Control::tell_failover(std::size_t name)
{
    const auto& master_name = names_[name].watch.subject().name;
    const auto& failover = names_[name].course.newest();
    const auto now = telemetry::Moment::now();
    events_.send(name, telemetry::failover_event(master_name, failover, now));
    if (failover.at(verdict::Phase::verdict))
        metrics_.names().set_failover(name, failover, now);
    if (failover.ended)
        log_failover(master_name, failover, now);
}

void Control::on_change(std::size_t name, const Change& change)
{
    const auto& [before, after, at, delay] = change;
    metrics_.names().set_verdict(name, after);
    if (before.address && after.address && before.address != after.address)
        metrics_.names().count_switch(name, delay.value_or(Clock::duration::zero()));
    if (before.address != after.address) {
        look_up_servers(name);
        ask_nodes(name);
    }
    if (before.address != after.address || before.epoch != after.epoch)
        remember();
    log_change(names_[name].watch.subject().name, change);
}

}  // namespace spoa::daemon
