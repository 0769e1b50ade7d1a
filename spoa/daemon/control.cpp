// Performs what follows from the evidence, and reports what there is.
#include "daemon/control.hpp"

#include "daemon/change_log.hpp"
#include "net/timeout.hpp"
#include "telemetry/log.hpp"

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <utility>

namespace asio = boost::asio;

namespace spoa::daemon {
namespace {

using telemetry::write_log;
using Clock = std::chrono::steady_clock;

// Votes age without anybody telling us: how often to judge all names, and to look at those that
// change by themselves.
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
    const std::optional<std::vector<monitor::SavedMaster>>& handed_over)
    : executor_(executor),
      metrics_(metrics),
      events_(events),
      publish_(std::move(publish)),
      answers_(std::move(answers)),
      hosts_(executor),
      names_(*this, Clock::now()),
      snapshot_(
          agent::make_snapshot(std::make_shared<agent::NameIndex>(std::vector<std::string>()))),
      fences_(executor, metrics.haproxies(), [this](std::size_t name) { on_haproxy(name); }),
      twemproxies_(executor, metrics.twemproxies())
{
    apply(config, make_clients(config));
    if (const auto saved = handed_over   ? handed_over
                           : state_file_ ? state_file_->read()
                                         : std::nullopt)
        names_.restore(*saved, Clock::now());
    events_.describe = [this](std::size_t place) {
        const auto& name = names_.at(place);
        const telemetry::ReadsNow reads{name.replicas, words_of(name.read_wishes.wishes())};
        return telemetry::master_event(
            name.watch,
            words_of(name.wishes),
            peers_[place].delivery,
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
    for (const auto place : names_.in_order())
        for (const auto& node : peers_[place].links)
            launch(*node);
    fences_.start(tasks);
    tasks.spawn(review_regularly());
}

const std::string& Control::text_of(std::size_t name) const
{
    return names_.at(name).watch.subject().name;
}

std::vector<telemetry::NameReport> Control::names() const
{
    std::vector<telemetry::NameReport> reports;
    reports.reserve(names_.size());
    for (const auto place : names_.in_order())
        reports.push_back(name(place));
    return reports;
}

telemetry::NameReport Control::name(std::size_t place) const
{
    const auto& name = names_.at(place);
    return {
        name.watch,
        peers_[place].nodes,
        0,
        &name.course.failovers(),
        place,
        name.watch.subject().replicas ? &name.replicas : nullptr,
        &peers_[place].delivery};
}

std::vector<telemetry::ReadReport> Control::reads() const
{
    std::vector<telemetry::ReadReport> out;
    const auto now = telemetry::Moment::now().steady;
    for (const auto place : names_.in_order())
        if (const auto& name = names_.at(place); name.watch.subject().replicas)
            out.push_back({name.watch.subject().name, name.replicas, now});
    return out;
}

haproxy_api::Readiness Control::readiness(std::size_t name, const std::string& server) const
{
    return fences_.readiness(name, server);
}

verdict::SessionsSeen Control::sessions(std::size_t name, const verdict::Failover* under_way) const
{
    return {under_way ? fences_.is_out(name, under_way->from) : std::nullopt, answers_(name)};
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
        if (now < next_review) {
            perform(names_.look(now));
            continue;
        }
        perform(names_.review(now));
        publish_(snapshot_);
        for (const auto name : names_.in_order())
            follow_twemproxies(name);
        events_.catch_up();
        ending_.sweep();
        next_review = now + review_period;
        if (begun && now - *begun >= first_word_after) {
            tell_unknown_masters();
            begun.reset();
        }
    }
}

// Clients and HAProxies first: what is told, and to whom, may take a while.
void Control::perform(const monitor::Effects& effects)
{
    if (effects.forgotten)
        write_log(
            LogLevel::warning,
            "all votes are dropped and asked for anew",
            {{"reason", "the agent itself was stopped for longer than vote_ttl"}});
    publish(effects.answers);
    for (const auto name : effects.servers)
        want(name);
    for (const auto name : effects.answers)
        follow_twemproxies(name);
    for (const auto& question : effects.questions)
        ask(question);
    for (const auto name : effects.unmapped)
        tell_unmapped(name);
    tell(effects);
    if (effects.save)
        remember();
}

void Control::publish(std::span<const std::size_t> names)
{
    if (names.empty())
        return;
    std::vector<agent::Update> updates;
    std::deque<agent::ReadUpdate> reads;
    for (const auto name : names)
        updates.push_back(update_of(name, reads));
    snapshot_ = agent::with_updates(*snapshot_, updates);
    publish_(snapshot_);
}

// What the workers answer about a name from now on. `reads` keeps what the update refers to.
agent::Update Control::update_of(std::size_t name, std::deque<agent::ReadUpdate>& reads)
{
    const auto& each = names_.at(name);
    const auto& watch = each.watch;
    agent::Update update{
        name,
        &watch.verdict(),
        watch.subject().policy.wait,
        watch.since(),
        nullptr,
        each.release.holds_back(),
        [this](const Endpoint& endpoint) { return hosts_.canonical(endpoint); }};
    if (const auto& policy = watch.subject().replicas) {
        const auto& set = each.replicas.reads();
        agent::ReadCounters counters{
            {},
            metrics_.read_counter(name, watch.verdict().server),
            metrics_.read_counter(name, "")};
        for (const auto& target : set.targets)
            counters.targets.push_back(metrics_.read_counter(name, target.server.name));
        reads.push_back({set, policy->fallback, std::move(counters)});
        update.reads = &reads.back();
    }
    return update;
}

void Control::want(std::size_t name)
{
    const auto& each = names_.at(name);
    fences_.want(name, each.wishes);
    if (each.watch.subject().replicas)
        fences_.want_reads(name, each.read_wishes);
}

// A nutcracker looks names up when it starts, and never again: it is given the IP address. In doubt
// nothing is changed: without a master it would be no better off.
void Control::follow_twemproxies(std::size_t name)
{
    const auto& verdict = names_.at(name).watch.verdict();
    if (!twemproxies_.empty() && verdict.open && verdict.address)
        twemproxies_.follow(name, hosts_.canonical(*verdict.address));
}

void Control::ask(const monitor::Question& question)
{
    using Whom = monitor::Question::Whom;
    const auto& [whom, name, sentinel] = question;
    switch (whom) {
        case Whom::sentinel: links_[sentinel]->link.ask_now(name); break;
        case Whom::its_quorum: links_[sentinel]->link.ask_quorum_now(name); break;
        case Whom::its_replicas: links_[sentinel]->link.ask_replicas_now(name); break;
        case Whom::everybody: ask_everyone(name); break;
        case Whom::nodes:
            for (const auto& node : peers_[name].links)
                node->link.ask_now();
            break;
        case Whom::resolver: look_up_servers(name); break;
    }
}

void Control::ask_everyone(std::size_t name)
{
    for (const auto& sentinel : links_)
        sentinel->link.ask_now(name);
    ask({monitor::Question::Whom::nodes, name, 0});
}

void Control::tell(const monitor::Effects& effects)
{
    for (const auto name : effects.reads)
        log_reads(name, effects.at);
    std::set<std::size_t> others(effects.servers.begin(), effects.servers.end());
    others.insert(effects.reads.begin(), effects.reads.end());
    for (const auto& [name, change] : effects.changes) {
        const auto& [before, after, at, delay] = change;
        metrics_.names().set_verdict(name, after);
        if (before.address && after.address && before.address != after.address)
            metrics_.names().count_switch(name, delay.value_or(Clock::duration::zero()));
        log_change(text_of(name), change);
        const bool other_delivery = look_at_delivery(name);
        const bool other_servers = others.erase(name) > 0;
        const bool urgent = change.decides() || other_delivery || other_servers;
        events_.changed(name, change.notable() || urgent, urgent);
    }
    for (const auto name : others)
        events_.changed(name, true);
    for (const auto& [name, failover] : effects.steps)
        tell_failover(name, failover);
}

void Control::tell_failover(std::size_t name, const verdict::Failover& failover)
{
    const auto now = telemetry::Moment::now();
    events_.send(name, telemetry::failover_event(text_of(name), failover, now));
    if (failover.at(verdict::Phase::verdict))
        metrics_.names().set_failover(name, failover, now);
    if (failover.ended)
        log_failover(text_of(name), failover, now);
}

// One line for all replicas of the name whose fitness is new.
void Control::log_reads(std::size_t name, verdict::TimePoint at) const
{
    const auto& replicas = names_.at(name).replicas;
    std::string news;
    for (const auto& replica : replicas.replicas())
        if (replica.since == at)
            news += (news.empty() ? "" : ", ") + replica.server.name + " " + words_for(replica);
    std::string targets;
    for (const auto& target : replicas.reads().targets)
        targets += (targets.empty() ? "" : " ") + target.server.name;
    telemetry::write_repeating(
        targets.empty() ? LogLevel::warning : LogLevel::info,
        text_of(name) + ": reads go to " + (targets.empty() ? "no replica" : targets),
        {{"name", text_of(name)}, {"news", news}, {"reason", replicas.reads().reason}});
}

// True when the name has become undeliverable, or is so no more.
bool Control::look_at_delivery(std::size_t name)
{
    auto& delivery = peers_[name].delivery;
    auto now = fences_.delivery(name, names_.at(name).watch.verdict());
    if (now == delivery)
        return false;
    const auto before = std::exchange(delivery, std::move(now));
    log_delivery(text_of(name), before, delivery);
    metrics_.names().set_undeliverable(name, delivery.is_blocked());
    return before.is_blocked() != delivery.is_blocked();
}

void Control::remember()
{
    if (state_file_)
        state_file_->write(monitor::without_doubts(names_.saved_masters(Clock::now())));
}

// After a start nothing has changed yet, so no change tells why connections are refused.
void Control::tell_unknown_masters() const
{
    constexpr std::size_t most_names = 5;
    std::string unknown;
    std::size_t count = 0;
    const verdict::Verdict* first = nullptr;
    for (const auto place : names_.in_order()) {
        const auto& verdict = names_.at(place).watch.verdict();
        const bool waits =
            verdict.state == verdict::State::no_quorum || verdict.state == verdict::State::stale;
        if (verdict.open || !waits)
            continue;
        first = first ? first : &verdict;
        if (++count <= most_names)
            unknown += (unknown.empty() ? "" : ", ") + text_of(place);
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

}  // namespace spoa::daemon
