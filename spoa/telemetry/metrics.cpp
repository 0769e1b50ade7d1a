#include "telemetry/metrics.hpp"

#include "telemetry/read_families.hpp"
#include "telemetry/tally_families.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace spoa::telemetry {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;

const Histogram::BucketBoundaries query_bounds{
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25};
const Histogram::BucketBoundaries switch_bounds{
    0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

const Histogram::BucketBoundaries fence_bounds{
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5};

const Histogram::BucketBoundaries restart_bounds{
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};

double seconds(std::chrono::nanoseconds duration)
{
    return std::chrono::duration<double>(duration).count();
}

// The series of one monitored name, and what is shown of them.
struct NameSeries {
    std::optional<std::vector<std::string>> servers;  // nothing: all
    bool probed = true;
    std::array<Gauge*, verdict::all_states.size()> states{};
    Gauge* open = nullptr;
    Gauge* config_epoch = nullptr;
    Gauge* votes = nullptr;
    Gauge* info = nullptr;  // of the address in force; replaced when it moves
    Counter* switches = nullptr;
    std::array<Gauge*, verdict::phase_names.size()> phases{};
    Gauge* masters_claimed = nullptr;
    std::vector<Gauge*> node_up;
    std::vector<Gauge*> node_loading;
    std::vector<Gauge*> replica_lag;
    std::vector<Counter*> restarts;
    std::vector<Counter*> emptied;
};

// The series of all pools of nutcracker.
struct TwemproxySeries {
    Family<Counter>* updates = nullptr;
    Family<Gauge>* follows_family = nullptr;
    Histogram* restart = nullptr;
    struct Pool {
        std::string name;
        std::size_t users = 0;
        std::array<Counter*, 4> results{};  // by TwemproxyResult
        Gauge* follows = nullptr;
    };
    std::vector<Pool> pools;
};

}  // namespace

struct Metrics::Impl {
    // One of the HAProxies: `users` are those who were added and not removed yet.
    struct Haproxy {
        std::string runtime_api;
        std::size_t users = 0;
        Gauge* up = nullptr;
        Counter* errors = nullptr;
        std::set<std::pair<Gauge*, Gauge*>> sessions;  // on its servers: all, and stray ones
    };

    std::vector<std::string> names;        // by place, ever
    std::vector<std::string> shown_names;  // those of the configuration, else empty
    std::vector<std::string> sentinels;
    prometheus::Registry registry;
    Family<Gauge>* info = nullptr;
    Counter* accept_errors = nullptr;
    Gauge* event_readers = nullptr;
    Counter* dropped_readers = nullptr;
    Histogram* switch_delay = nullptr;
    std::vector<NameSeries> by_name;
    std::vector<Gauge*> sentinel_up;
    std::vector<Histogram*> query_duration;
    Gauge* sentinels_configured = nullptr;
    Family<Gauge>* sentinel_up_family = nullptr;
    Family<Histogram>* query_duration_family = nullptr;
    std::array<Counter*, 2> reloads{};  // failed, good
    Family<Gauge>* state = nullptr;
    Family<Gauge>* open = nullptr;
    Family<Gauge>* epoch = nullptr;
    Family<Gauge>* votes = nullptr;
    Family<Counter>* switches = nullptr;
    Family<Gauge>* claimed = nullptr;
    Family<Gauge>* phase = nullptr;
    Family<Gauge>* node_up = nullptr;
    Family<Gauge>* node_loading = nullptr;
    Family<Gauge>* replica_lag = nullptr;
    Family<Counter>* restarts = nullptr;
    Family<Counter>* emptied = nullptr;
    Family<Gauge>* haproxy_up_family = nullptr;
    Family<Counter>* haproxy_errors_family = nullptr;
    std::vector<Haproxy> haproxies;
    Family<Counter>* fenced = nullptr;
    Family<Gauge>* server_sessions = nullptr;
    Family<Gauge>* stray_sessions = nullptr;
    Histogram* fence_duration = nullptr;
    TwemproxySeries twemproxy;
    std::vector<ReadCounter> read_counters;

    Family<Gauge>& gauge(const std::string& name, const std::string& help)
    {
        return prometheus::BuildGauge().Name("sentinel_spoa_" + name).Help(help).Register(registry);
    }

    Family<Counter>& counter(const std::string& name, const std::string& help)
    {
        return prometheus::BuildCounter()
            .Name("sentinel_spoa_" + name)
            .Help(help)
            .Register(registry);
    }

    Family<Histogram>& histogram(const std::string& name, const std::string& help)
    {
        return prometheus::BuildHistogram()
            .Name("sentinel_spoa_" + name)
            .Help(help)
            .Register(registry);
    }

    void make_name_families();
    void add_name(const std::string& name);
    void set_sentinels(const std::vector<std::string>& addresses);
    bool is_shown(std::string_view family, const prometheus::ClientMetric& metric) const;
    void hide(std::vector<prometheus::MetricFamily>& families) const;
    void add_fences();
    void add_twemproxy();
};

void Metrics::Impl::make_name_families()
{
    info = &gauge("master_info", "The master in force, 1.");
    state = &gauge("master_state", "1 for the state the name is in, 0 for all others.");
    open = &gauge(
        "master_open", "Whether new connections may go to the master in force: the one gate.");
    epoch = &gauge("config_epoch", "The highest configuration epoch that a majority confirmed.");
    votes = &gauge("votes", "Sentinels that name the master in force now.");
    switches = &counter("switches_total", "How often the master in force moved.");
    claimed = &gauge(
        "nodes_claiming_master",
        "Probed data nodes that say they are master; above 1 for long is a split brain.");
    phase = &gauge(
        "failover_phase_timestamp_seconds",
        "When each phase of the last failover came, UNIX time; 0: it did not.");
    node_up = &gauge("node_up", "Whether the data node answers the agent's probe.");
    node_loading = &gauge("node_loading", "Whether the data node is loading its data.");
    replica_lag = &gauge(
        "replica_lag_bytes", "How far the node is behind the master in force; 0 for that itself.");
    restarts = &counter("node_restarts_total", "How often the data node's process was replaced.");
    emptied = &counter(
        "node_emptied_total",
        "How often the node came back from a restart, as the master, with less data than before.");
    switch_delay =
        &histogram(
             "switch_delay_seconds", "Time from the first vote for a new master to the verdict.")
             .Add({}, switch_bounds);
    sentinels_configured =
        &gauge("sentinels_configured", "Sentinels in the configuration; the majority is of these.")
             .Add({});
    sentinel_up_family = &gauge("sentinel_up", "Whether the Sentinel answers the agent.");
    query_duration_family =
        &histogram("sentinel_query_duration_seconds", "Time a Sentinel takes to answer.");
}

void Metrics::Impl::add_name(const std::string& name)
{
    const prometheus::Labels labels{{"master_name", name}};
    NameSeries series;
    for (const auto each : verdict::all_states)
        series.states[static_cast<std::size_t>(each)] =
            &state->Add({{"master_name", name}, {"state", std::string(verdict::name_of(each))}});
    for (std::size_t i = 0; i < verdict::phase_names.size(); ++i)
        series.phases[i] =
            &phase->Add({{"master_name", name}, {"phase", std::string(verdict::phase_names[i])}});
    series.open = &open->Add(labels);
    series.config_epoch = &epoch->Add(labels);
    series.votes = &votes->Add(labels);
    series.switches = &switches->Add(labels);
    series.masters_claimed = &claimed->Add(labels);
    by_name.push_back(std::move(series));
}

void Metrics::Impl::set_sentinels(const std::vector<std::string>& addresses)
{
    sentinels = addresses;
    sentinels_configured->Set(static_cast<double>(addresses.size()));
    sentinel_up.clear();
    query_duration.clear();
    for (const auto& address : addresses) {
        sentinel_up.push_back(&sentinel_up_family->Add({{"sentinel", address}}));
        query_duration.push_back(
            &query_duration_family->Add({{"sentinel", address}}, query_bounds));
    }
}

// What was configured once and is no more keeps its series, which are not shown.
bool Metrics::Impl::is_shown(std::string_view family, const prometheus::ClientMetric& metric) const
{
    const NameSeries* name = nullptr;
    for (const auto& pair : metric.label) {
        const auto& label = pair.name;
        const auto& value = pair.value;  // no binding: clang before 16 cannot capture one
        if (label == "sentinel" && std::ranges::count(sentinels, value) == 0)
            return false;
        if (label == "runtime_api" && std::ranges::none_of(haproxies, [&](const Haproxy& each) {
                return each.users > 0 && each.runtime_api == value;
            }))
            return false;
        if (label == "pool" && std::ranges::none_of(twemproxy.pools, [&](const auto& each) {
                return each.users > 0 && each.name == value;
            }))
            return false;
        if (label == "master_name") {
            const auto place = std::ranges::find(shown_names, value) - shown_names.begin();
            if (static_cast<std::size_t>(place) == shown_names.size())
                return false;
            name = &by_name[static_cast<std::size_t>(place)];
        }
    }
    if (!name || family == "sentinel_spoa_master_info")
        return true;
    if (!name->probed &&
        (family.starts_with("sentinel_spoa_node_") || family == "sentinel_spoa_replica_lag_bytes"))
        return false;
    return !name->servers || std::ranges::all_of(metric.label, [&](const auto& label) {
        return label.name != "server" || std::ranges::count(*name->servers, label.value) > 0;
    });
}

void Metrics::Impl::hide(std::vector<prometheus::MetricFamily>& families) const
{
    for (auto& family : families)
        std::erase_if(family.metric, [&](const prometheus::ClientMetric& metric) {
            return !is_shown(family.name, metric);
        });
    std::erase_if(families, [](const auto& family) { return family.metric.empty(); });
}

void Metrics::Impl::add_fences()
{
    haproxy_up_family =
        &gauge("haproxy_up", "Whether HAProxy's runtime API does what the agent tells it.");
    haproxy_errors_family =
        &counter("haproxy_errors_total", "Turns of HAProxy's runtime API that failed.");
    fenced =
        &counter("fenced_sessions_total", "Sessions on a server when it was put into maintenance.");
    server_sessions = &gauge(
        "server_sessions", "Sessions on a server of HAProxy, when its runtime API was last asked.");
    stray_sessions = &gauge(
        "stray_sessions",
        "Those of them on a server that should be in maintenance: not the master any more, or in "
        "doubt.");
    fence_duration = &histogram(
                          "fence_duration_seconds",
                          "Time from the decision to fence to the runtime API's reply.")
                          .Add({}, fence_bounds);
}

void Metrics::Impl::add_twemproxy()
{
    twemproxy.updates =
        &counter("twemproxy_updates_total", "Attempts to let nutcracker follow, by their result.");
    twemproxy.follows_family =
        &gauge("twemproxy_follows", "Whether the pool has the master in force.");
    twemproxy.restart = &histogram(
                             "twemproxy_restart_duration_seconds",
                             "Time from the restart command to nutcracker's first answer.")
                             .Add({}, restart_bounds);
}

Metrics::Metrics(
    std::vector<std::string> names, std::vector<std::string> sentinels, std::string_view version)
    : impl_(std::make_unique<Impl>())
{
    impl_->gauge("build_info", "The running program, 1.")
        .Add({{"version", std::string(version)}})
        .Set(1);
    impl_->accept_errors =
        &impl_
             ->counter(
                 "accept_errors_total",
                 "Failed attempts to accept a connection, mostly for want of file descriptors.")
             .Add({});
    impl_->event_readers =
        &impl_->gauge("event_readers", "Readers of /v1/events that are connected.").Add({});
    impl_->dropped_readers =
        &impl_
             ->counter(
                 "event_readers_dropped_total", "Readers of /v1/events dropped for being slow.")
             .Add({});
    auto& reloads = impl_->counter(
        "config_reloads_total", "How often the configuration was read anew, by what came of it.");
    impl_->reloads = {&reloads.Add({{"result", "failed"}}), &reloads.Add({{"result", "ok"}})};
    impl_->make_name_families();
    set_names(std::move(names));
    impl_->set_sentinels(sentinels);
    impl_->add_fences();
    impl_->add_twemproxy();
}

Metrics::~Metrics() = default;

void Metrics::set_names(std::vector<std::string> names)
{
    for (auto place = impl_->names.size(); place < names.size(); ++place) {
        impl_->names.push_back(names[place]);
        impl_->add_name(names[place]);
    }
    impl_->shown_names = std::move(names);
}

void Metrics::set_sentinels(const std::vector<std::string>& sentinels)
{
    impl_->set_sentinels(sentinels);
}

void Metrics::set_servers(std::size_t name, std::vector<std::string> servers, bool probed)
{
    auto& series = impl_->by_name[name];
    series.servers = std::move(servers);
    series.probed = probed;
    series.node_up.clear();
    series.node_loading.clear();
    series.replica_lag.clear();
    series.restarts.clear();
    series.emptied.clear();
}

void Metrics::count_reload(bool good)
{
    impl_->reloads[good ? 1 : 0]->Increment();
}

void Metrics::set_verdict(std::size_t name, const verdict::Verdict& verdict)
{
    auto& series = impl_->by_name[name];
    for (const auto state : verdict::all_states)
        series.states[static_cast<std::size_t>(state)]->Set(state == verdict.state ? 1 : 0);
    series.open->Set(verdict.open ? 1 : 0);
    series.config_epoch->Set(static_cast<double>(verdict.epoch));
    series.votes->Set(static_cast<double>(verdict.votes));

    if (series.info)
        impl_->info->Remove(series.info);
    series.info = nullptr;
    if (verdict.address) {
        series.info = &impl_->info->Add(
            {{"master_name", impl_->names[name]},
             {"master_address", to_string(*verdict.address)},
             {"server", verdict.server}});
        series.info->Set(1);
    }
}

void Metrics::count_switch(std::size_t name, std::chrono::nanoseconds delay)
{
    impl_->by_name[name].switches->Increment();
    impl_->switch_delay->Observe(seconds(delay));
}

void Metrics::set_failover(std::size_t name, const verdict::Failover& failover, const Moment& now)
{
    const auto unix_time = [&](verdict::TimePoint time) {
        return static_cast<double>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                       now.date_of(time).time_since_epoch())
                                       .count()) /
               1000;
    };
    for (std::size_t i = 0; i < verdict::phase_names.size(); ++i) {
        const auto& time = failover.phases[i];
        impl_->by_name[name].phases[i]->Set(time ? unix_time(*time) : 0);
    }
}

void Metrics::set_sentinel_up(std::size_t sentinel, bool up)
{
    impl_->sentinel_up[sentinel]->Set(up ? 1 : 0);
}

void Metrics::observe_query(std::size_t sentinel, std::chrono::nanoseconds took)
{
    impl_->query_duration[sentinel]->Observe(seconds(took));
}

void Metrics::add_node(std::size_t name, const std::string& server)
{
    auto& series = impl_->by_name[name];
    const prometheus::Labels labels{{"master_name", impl_->names[name]}, {"server", server}};
    series.node_up.push_back(&impl_->node_up->Add(labels));
    series.node_loading.push_back(&impl_->node_loading->Add(labels));
    series.replica_lag.push_back(&impl_->replica_lag->Add(labels));
    series.restarts.push_back(&impl_->restarts->Add(labels));
    series.emptied.push_back(&impl_->emptied->Add(labels));
}

void Metrics::set_node_up(std::size_t name, std::size_t node, bool up)
{
    impl_->by_name[name].node_up[node]->Set(up ? 1 : 0);
}

void Metrics::set_node_loading(std::size_t name, std::size_t node, bool loading)
{
    impl_->by_name[name].node_loading[node]->Set(loading ? 1 : 0);
}

void Metrics::set_replica_lag(std::size_t name, std::size_t node, std::uint64_t bytes)
{
    impl_->by_name[name].replica_lag[node]->Set(static_cast<double>(bytes));
}

void Metrics::count_restart(std::size_t name, std::size_t node, bool emptied)
{
    impl_->by_name[name].restarts[node]->Increment();
    if (emptied)
        impl_->by_name[name].emptied[node]->Increment();
}

void Metrics::set_masters_claimed(std::size_t name, std::size_t nodes)
{
    impl_->by_name[name].masters_claimed->Set(static_cast<double>(nodes));
}

std::size_t Metrics::read_counter(std::size_t name, const std::string& server)
{
    auto& all = impl_->read_counters;
    const auto known = std::ranges::find(all, ReadCounter{name, server});
    const auto place = static_cast<std::size_t>(known - all.begin());
    if (known == all.end())
        all.push_back({name, server});
    return place;
}

void Metrics::set_event_readers(std::size_t readers)
{
    impl_->event_readers->Set(static_cast<double>(readers));
}

void Metrics::count_dropped_reader()
{
    impl_->dropped_readers->Increment();
}

void Metrics::count_accept_error()
{
    impl_->accept_errors->Increment();
}

std::uint64_t Metrics::accept_errors() const
{
    return static_cast<std::uint64_t>(impl_->accept_errors->Value());
}

std::size_t Metrics::add_haproxy(const std::string& runtime_api)
{
    auto& all = impl_->haproxies;
    const auto known = std::ranges::find(all, runtime_api, &Impl::Haproxy::runtime_api);
    const auto number = static_cast<std::size_t>(known - all.begin());
    if (known == all.end()) {
        const prometheus::Labels labels{{"runtime_api", runtime_api}};
        all.push_back(
            {runtime_api,
             0,
             &impl_->haproxy_up_family->Add(labels),
             &impl_->haproxy_errors_family->Add(labels),
             {}});
    }
    ++all[number].users;
    return number;
}

void Metrics::remove_haproxy(std::size_t haproxy)
{
    auto& removed = impl_->haproxies[haproxy];
    --removed.users;
    for (const auto& [sessions, stray] : removed.sessions) {
        impl_->server_sessions->Remove(sessions);
        impl_->stray_sessions->Remove(stray);
    }
    removed.sessions.clear();
}

void Metrics::set_haproxy_up(std::size_t haproxy, bool up)
{
    impl_->haproxies[haproxy].up->Set(up ? 1 : 0);
}

void Metrics::count_haproxy_error(std::size_t haproxy)
{
    impl_->haproxies[haproxy].errors->Increment();
}

void Metrics::count_fenced(std::size_t name, const std::string& server, std::uint64_t sessions)
{
    impl_->fenced->Add({{"master_name", impl_->names[name]}, {"server", server}})
        .Increment(static_cast<double>(sessions));
}

void Metrics::set_sessions(
    std::size_t name, const ServerPlace& place, std::uint64_t sessions, bool stray)
{
    const prometheus::Labels labels{
        {"master_name", impl_->names[name]},
        {"runtime_api", place.runtime_api},
        {"backend", place.backend},
        {"server", place.server}};
    auto& all = impl_->server_sessions->Add(labels);
    auto& stray_ones = impl_->stray_sessions->Add(labels);
    all.Set(static_cast<double>(sessions));
    stray_ones.Set(stray ? static_cast<double>(sessions) : 0);
    for (auto& haproxy : impl_->haproxies)
        if (haproxy.runtime_api == place.runtime_api)
            haproxy.sessions.emplace(&all, &stray_ones);
}

void Metrics::observe_fence(std::chrono::nanoseconds took)
{
    impl_->fence_duration->Observe(seconds(took));
}

std::size_t Metrics::add_twemproxy_pool(const std::string& pool)
{
    auto& [updates, follows_family, restart, pools] = impl_->twemproxy;
    const auto known = std::ranges::find(pools, pool, &TwemproxySeries::Pool::name);
    const auto number = static_cast<std::size_t>(known - pools.begin());
    if (known == pools.end()) {
        auto& added = pools.emplace_back();
        added.name = pool;
        constexpr std::array words{"updated", "failed", "rolled_back", "dry_run"};
        for (std::size_t i = 0; i < words.size(); ++i)
            added.results.at(i) = &updates->Add({{"pool", pool}, {"result", words.at(i)}});
        added.follows = &follows_family->Add({{"pool", pool}});
    }
    if (pools[number].users++ == 0)
        pools[number].follows->Set(0);
    return number;
}

void Metrics::remove_twemproxy_pool(std::size_t pool)
{
    --impl_->twemproxy.pools[pool].users;
}

void Metrics::count_twemproxy(std::size_t pool, TwemproxyResult result)
{
    impl_->twemproxy.pools[pool].results.at(static_cast<std::size_t>(result))->Increment();
}

void Metrics::set_twemproxy_follows(std::size_t pool, bool follows)
{
    impl_->twemproxy.pools[pool].follows->Set(follows ? 1 : 0);
}

void Metrics::observe_twemproxy_restart(std::chrono::nanoseconds took)
{
    impl_->twemproxy.restart->Observe(seconds(took));
}

std::string Metrics::serialize(
    std::span<const agent::Tally* const> tallies, std::span<const ReadReport> reads) const
{
    auto families = impl_->registry.Collect();
    impl_->hide(families);
    std::ranges::move(tally_families(tallies, impl_->shown_names), std::back_inserter(families));
    std::ranges::move(
        read_families(tallies, impl_->shown_names, impl_->read_counters, reads),
        std::back_inserter(families));
    return prometheus::TextSerializer().Serialize(families);
}

}  // namespace spoa::telemetry
