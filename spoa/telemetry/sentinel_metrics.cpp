#include "telemetry/sentinel_metrics.hpp"

#include <algorithm>

namespace spoa::telemetry {
namespace {

const prometheus::Histogram::BucketBoundaries query_bounds{
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25};

}  // namespace

SentinelMetrics::SentinelMetrics(Families& families)
    : configured_(families
                      .gauge(
                          "sentinels_configured",
                          "Sentinels in the configuration; the majority is of these.")
                      .Add({})),
      up_(families.gauge("sentinel_up", "Whether the Sentinel answers the agent.")),
      floods_(families.counter(
          "sentinel_floods_total",
          "How often the events of the Sentinel were too many, and not heard for a while.")),
      query_duration_(
          families.histogram("sentinel_query_duration_seconds", "Time a Sentinel takes to answer."))
{}

void SentinelMetrics::set(const std::vector<std::string>& addresses)
{
    configured_.Set(static_cast<double>(addresses.size()));
    sentinels_.clear();
    for (const auto& address : addresses) {
        const prometheus::Labels labels{{"sentinel", address}};
        sentinels_.push_back(
            {address,
             &up_.Add(labels),
             &floods_.Add(labels),
             &query_duration_.Add(labels, query_bounds)});
    }
}

void SentinelMetrics::set_up(std::size_t sentinel, bool up)
{
    sentinels_[sentinel].up->Set(up ? 1 : 0);
}

void SentinelMetrics::count_flood(std::size_t sentinel)
{
    sentinels_[sentinel].floods->Increment();
}

void SentinelMetrics::observe_query(std::size_t sentinel, std::chrono::nanoseconds took)
{
    sentinels_[sentinel].query_duration->Observe(seconds(took));
}

bool SentinelMetrics::shows(const prometheus::ClientMetric& metric) const
{
    const auto* const address = find_label(metric, "sentinel");
    return !address || std::ranges::count(sentinels_, *address, &Series::address) > 0;
}

}  // namespace spoa::telemetry
