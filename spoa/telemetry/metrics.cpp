#include "telemetry/metrics.hpp"

#include "telemetry/tally_families.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <iterator>
#include <map>
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

double seconds(std::chrono::nanoseconds duration)
{
    return std::chrono::duration<double>(duration).count();
}

// The series of one monitored name.
struct NameSeries {
    std::array<Gauge*, verdict::all_states.size()> states{};
    Gauge* config_epoch = nullptr;
    Gauge* votes = nullptr;
    Gauge* info = nullptr;  // of the address in force; replaced when it moves
    Counter* switches = nullptr;
};

}  // namespace

struct Metrics::Impl {
    std::vector<std::string> names;
    prometheus::Registry registry;
    Family<Gauge>* info = nullptr;
    Histogram* switch_delay = nullptr;
    std::vector<NameSeries> by_name;
    std::vector<Gauge*> sentinel_up;
    std::vector<Histogram*> query_duration;

    Family<Gauge>& gauge(const std::string& name, const std::string& help)
    {
        return prometheus::BuildGauge().Name("sentinel_spoa_" + name).Help(help).Register(registry);
    }

    Family<Histogram>& histogram(const std::string& name, const std::string& help)
    {
        return prometheus::BuildHistogram()
            .Name("sentinel_spoa_" + name)
            .Help(help)
            .Register(registry);
    }

    void add_names();
    void add_sentinels(const std::vector<std::string>& sentinels);
};

void Metrics::Impl::add_names()
{
    info = &gauge("master_info", "The master in force, 1.");
    auto& state = gauge("master_state", "1 for the state the name is in, 0 for all others.");
    auto& epoch =
        gauge("config_epoch", "The highest configuration epoch that a majority confirmed.");
    auto& votes = gauge("votes", "Sentinels that name the master in force now.");
    auto& switches = prometheus::BuildCounter()
                         .Name("sentinel_spoa_switches_total")
                         .Help("How often the master in force moved.")
                         .Register(registry);
    switch_delay =
        &histogram(
             "switch_delay_seconds", "Time from the first vote for a new master to the verdict.")
             .Add({}, switch_bounds);
    for (const auto& name : names) {
        const prometheus::Labels labels{{"master_name", name}};
        NameSeries series;
        for (const auto each : verdict::all_states)
            series.states[static_cast<std::size_t>(each)] =
                &state.Add({{"master_name", name}, {"state", std::string(verdict::name_of(each))}});
        series.config_epoch = &epoch.Add(labels);
        series.votes = &votes.Add(labels);
        series.switches = &switches.Add(labels);
        by_name.push_back(series);
    }
}

void Metrics::Impl::add_sentinels(const std::vector<std::string>& sentinels)
{
    gauge("sentinels_configured", "Sentinels in the configuration; the majority is of these.")
        .Add({})
        .Set(static_cast<double>(sentinels.size()));
    auto& up = gauge("sentinel_up", "Whether the Sentinel answers the agent.");
    auto& duration =
        histogram("sentinel_query_duration_seconds", "Time a Sentinel takes to answer.");
    for (const auto& sentinel : sentinels) {
        sentinel_up.push_back(&up.Add({{"sentinel", sentinel}}));
        query_duration.push_back(&duration.Add({{"sentinel", sentinel}}, query_bounds));
    }
}

Metrics::Metrics(
    std::vector<std::string> names, std::vector<std::string> sentinels, std::string_view version)
    : impl_(std::make_unique<Impl>())
{
    impl_->names = std::move(names);
    impl_->gauge("build_info", "The running program, 1.")
        .Add({{"version", std::string(version)}})
        .Set(1);
    impl_->add_names();
    impl_->add_sentinels(sentinels);
}

Metrics::~Metrics() = default;

void Metrics::set_verdict(std::size_t name, const verdict::Verdict& verdict)
{
    auto& series = impl_->by_name[name];
    for (const auto state : verdict::all_states)
        series.states[static_cast<std::size_t>(state)]->Set(state == verdict.state ? 1 : 0);
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

void Metrics::set_sentinel_up(std::size_t sentinel, bool up)
{
    impl_->sentinel_up[sentinel]->Set(up ? 1 : 0);
}

void Metrics::observe_query(std::size_t sentinel, std::chrono::nanoseconds took)
{
    impl_->query_duration[sentinel]->Observe(seconds(took));
}

std::string Metrics::serialize(std::span<const agent::Tally* const> tallies) const
{
    auto families = impl_->registry.Collect();
    std::ranges::move(tally_families(tallies, impl_->names), std::back_inserter(families));
    return prometheus::TextSerializer().Serialize(families);
}

}  // namespace spoa::telemetry
