#include "telemetry/name_metrics.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace spoa::telemetry {
namespace {

const prometheus::Histogram::BucketBoundaries switch_bounds{
    0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

constexpr auto not_measured = std::numeric_limits<double>::quiet_NaN();

}  // namespace

NameMetrics::NameMetrics(Families& families)
    : info_(families.gauge("master_info", "The master in force, 1.")),
      state_(families.gauge("master_state", "1 for the state the name is in, 0 for all others.")),
      open_(families.gauge(
          "master_open", "Whether new connections may go to the master in force: the one gate.")),
      undeliverable_(families.gauge(
          "undeliverable",
          "1 while a HAProxy does not carry connections to the master that the verdict gives, or "
          "keeps sessions on a former one.")),
      config_epoch_(families.gauge(
          "config_epoch", "The highest configuration epoch that a majority confirmed.")),
      votes_(families.gauge("votes", "Sentinels that name the master in force now.")),
      switches_(families.counter("switches_total", "How often the master in force moved.")),
      masters_claimed_(families.gauge(
          "nodes_claiming_master",
          "Probed data nodes that say they are master; above 1 for long is a split brain.")),
      unmapped_(families.gauge(
          "unmapped_replicas",
          "Replicas that the Sentinels may promote and no entry of servers: maps.")),
      phase_(families.gauge(
          "failover_phase_timestamp_seconds",
          "When each phase of the last failover came, UNIX time; 0: it did not.")),
      lag_bytes_(families.gauge(
          "failover_lag_bytes",
          "How many bytes of replication the new master of the last failover lacked, at least; NaN: "
          "not measured.")),
      lag_seconds_(families.gauge(
          "failover_lag_seconds",
          "How old the oldest write was that the new master of the last failover lacked; NaN: not "
          "measured.")),
      switch_delay_(families
                        .histogram(
                            "switch_delay_seconds",
                            "Time from the first vote for a new master to the verdict.")
                        .Add({}, switch_bounds))
{}

void NameMetrics::set(std::vector<std::string> names)
{
    for (auto place = names_.size(); place < names.size(); ++place) {
        names_.push_back(names[place]);
        add(names[place]);
    }
    shown_ = std::move(names);
}

void NameMetrics::add(const std::string& name)
{
    const prometheus::Labels labels{{"master_name", name}};
    auto& series = by_name_.emplace_back();
    for (const auto each : verdict::all_states)
        series.states[static_cast<std::size_t>(each)] =
            &state_.Add({{"master_name", name}, {"state", std::string(verdict::name_of(each))}});
    for (std::size_t i = 0; i < verdict::phase_names.size(); ++i)
        series.phases[i] =
            &phase_.Add({{"master_name", name}, {"phase", std::string(verdict::phase_names[i])}});
    series.open = &open_.Add(labels);
    series.undeliverable = &undeliverable_.Add(labels);
    series.config_epoch = &config_epoch_.Add(labels);
    series.votes = &votes_.Add(labels);
    series.switches = &switches_.Add(labels);
    series.masters_claimed = &masters_claimed_.Add(labels);
    series.unmapped = &unmapped_.Add(labels);
    series.lag_bytes = &lag_bytes_.Add(labels);
    series.lag_seconds = &lag_seconds_.Add(labels);
    series.lag_bytes->Set(not_measured);
    series.lag_seconds->Set(not_measured);
}

void NameMetrics::set_servers(std::size_t name, std::vector<std::string> servers)
{
    by_name_[name].servers = std::move(servers);
}

void NameMetrics::set_verdict(std::size_t name, const verdict::Verdict& verdict)
{
    auto& series = by_name_[name];
    for (const auto state : verdict::all_states)
        series.states[static_cast<std::size_t>(state)]->Set(state == verdict.state ? 1 : 0);
    series.open->Set(verdict.open ? 1 : 0);
    series.config_epoch->Set(static_cast<double>(verdict.epoch));
    series.votes->Set(static_cast<double>(verdict.votes));

    if (series.info)
        info_.Remove(series.info);
    series.info = nullptr;
    if (verdict.address) {
        series.info = &info_.Add(
            {{"master_name", names_[name]},
             {"master_address", to_string(*verdict.address)},
             {"server", verdict.server}});
        series.info->Set(1);
    }
}

void NameMetrics::set_undeliverable(std::size_t name, bool undeliverable)
{
    by_name_[name].undeliverable->Set(undeliverable ? 1 : 0);
}

void NameMetrics::count_switch(std::size_t name, std::chrono::nanoseconds delay)
{
    by_name_[name].switches->Increment();
    switch_delay_.Observe(seconds(delay));
}

void NameMetrics::set_failover(
    std::size_t name, const verdict::Failover& failover, const Moment& now)
{
    const auto unix_time = [&](verdict::TimePoint time) {
        return static_cast<double>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                       now.date_of(time).time_since_epoch())
                                       .count()) /
               1000;
    };
    for (std::size_t i = 0; i < verdict::phase_names.size(); ++i) {
        const auto& time = failover.phases[i];
        by_name_[name].phases[i]->Set(time ? unix_time(*time) : 0);
    }
    const auto& lag = failover.lag;
    by_name_[name].lag_bytes->Set(lag ? static_cast<double>(lag->bytes) : not_measured);
    by_name_[name].lag_seconds->Set(lag && lag->age ? seconds(*lag->age) : not_measured);
}

void NameMetrics::set_unmapped_replicas(std::size_t name, std::size_t replicas)
{
    by_name_[name].unmapped->Set(static_cast<double>(replicas));
}

void NameMetrics::set_masters_claimed(std::size_t name, std::size_t nodes)
{
    by_name_[name].masters_claimed->Set(static_cast<double>(nodes));
}

std::optional<std::size_t> NameMetrics::find(std::string_view name) const
{
    const auto found = std::ranges::find(shown_, name);
    if (found == shown_.end())
        return std::nullopt;
    return static_cast<std::size_t>(found - shown_.begin());
}

bool NameMetrics::shows(std::string_view family, const prometheus::ClientMetric& metric) const
{
    const auto* const name = find_label(metric, "master_name");
    if (!name)
        return true;
    const auto place = find(*name);
    if (!place)
        return false;
    const auto* const server = find_label(metric, "server");
    const auto& servers = by_name_[*place].servers;
    // The master in force is shown also where it is no server of ours.
    return !server || !servers || family == info_.GetName() ||
           std::ranges::count(*servers, *server) > 0;
}

}  // namespace spoa::telemetry
