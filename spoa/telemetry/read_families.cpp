#include "telemetry/read_families.hpp"

#include <algorithm>
#include <utility>

namespace spoa::telemetry {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily family(std::string name, std::string help, MetricType type)
{
    MetricFamily made;
    made.name = "sentinel_spoa_" + std::move(name);
    made.help = std::move(help);
    made.type = type;
    return made;
}

ClientMetric labelled(const std::string& name)
{
    ClientMetric metric;
    metric.label = {{"master_name", name}};
    return metric;
}

ClientMetric labelled(const std::string& name, const std::string& server)
{
    auto metric = labelled(name);
    metric.label.push_back({"server", server});
    return metric;
}

MetricFamily verdicts(
    std::span<const agent::Tally* const> tallies, std::span<const std::string> names,
    std::span<const ReadCounter> counters, std::span<const ReadReport> reads)
{
    auto made = family(
        "read_verdicts_total",
        "Answers to role=replica, by the server that they named; none: the empty one.",
        MetricType::Counter);
    for (std::size_t i = 0; i < counters.size(); ++i) {
        const auto& [place, server] = counters[i];
        if (place >= names.size() ||
            std::ranges::count(reads, names[place], &ReadReport::name) == 0)
            continue;
        auto metric = labelled(names[place], server);
        for (const auto* const tally : tallies)
            if (i < tally->reads.size())
                metric.counter.value += static_cast<double>(tally->reads[i].read());
        made.metric.push_back(std::move(metric));
    }
    return made;
}

MetricFamily fresh_replicas(std::span<const ReadReport> reads)
{
    auto made =
        family("fresh_replicas", "Replicas of the name that may serve reads.", MetricType::Gauge);
    for (const auto& read : reads) {
        auto metric = labelled(read.name);
        metric.gauge.value = static_cast<double>(std::ranges::count_if(
            read.replicas.replicas(),
            [](const verdict::Replica& each) { return is_usable(each.fitness); }));
        made.metric.push_back(std::move(metric));
    }
    return made;
}

MetricFamily fresh(std::span<const ReadReport> reads)
{
    auto made = family(
        "replica_fresh", "Whether the server may serve reads as a replica.", MetricType::Gauge);
    for (const auto& read : reads)
        for (const auto& replica : read.replicas.replicas()) {
            auto metric = labelled(read.name, replica.server.name);
            metric.gauge.value = is_usable(replica.fitness) ? 1 : 0;
            made.metric.push_back(std::move(metric));
        }
    return made;
}

MetricFamily lag_seconds(std::span<const ReadReport> reads)
{
    auto made = family(
        "replica_lag_seconds",
        "How old what a reader of the replica sees may be at most; missing while not known.",
        MetricType::Gauge);
    for (const auto& read : reads)
        for (const auto& replica : read.replicas.replicas())
            if (const auto lag = lag_time(replica, read.now)) {
                auto metric = labelled(read.name, replica.server.name);
                metric.gauge.value = std::chrono::duration<double>(*lag).count();
                made.metric.push_back(std::move(metric));
            }
    return made;
}

}  // namespace

std::optional<std::chrono::nanoseconds> lag_time(
    const verdict::Replica& replica, verdict::TimePoint now)
{
    if (!replica.complete_until || replica.fitness == verdict::Fitness::master)
        return std::nullopt;
    return now - *replica.complete_until;
}

std::vector<MetricFamily> read_families(
    std::span<const agent::Tally* const> tallies, std::span<const std::string> names,
    std::span<const ReadCounter> counters, std::span<const ReadReport> reads)
{
    std::vector<MetricFamily> families{
        verdicts(tallies, names, counters, reads),
        fresh_replicas(reads),
        fresh(reads),
        lag_seconds(reads)};
    std::erase_if(families, [](const MetricFamily& each) { return each.metric.empty(); });
    return families;
}

}  // namespace spoa::telemetry
