#include "telemetry/read_families.hpp"

#include "telemetry/families.hpp"
#include "telemetry/made_family.hpp"

#include <algorithm>

namespace spoa::telemetry {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

MetricLabels labels_of(const std::string& name, const std::string& server)
{
    return {{"master_name", name}, {"server", server}};
}

MetricFamily verdicts(
    std::span<const agent::Tally* const> tallies, std::span<const std::string> names,
    std::span<const ReadCounter> counters, std::span<const ReadReport> reads)
{
    auto made = make_family(
        "read_verdicts_total",
        "Answers to role=replica, by the server that they named; none: the empty one.",
        MetricType::Counter);
    for (std::size_t i = 0; i < counters.size(); ++i) {
        const auto& [place, server] = counters[i];
        if (place >= names.size() ||
            std::ranges::count(reads, names[place], &ReadReport::name) == 0)
            continue;
        std::uint64_t total = 0;
        for (const auto* const tally : tallies)
            if (i < tally->reads.size())
                total += tally->reads[i].read();
        add_counter(made, labels_of(names[place], server), static_cast<double>(total));
    }
    return made;
}

MetricFamily fresh_replicas(std::span<const ReadReport> reads)
{
    auto made = make_family(
        "fresh_replicas", "Replicas of the name that may serve reads.", MetricType::Gauge);
    for (const auto& read : reads) {
        const auto usable = std::ranges::count_if(
            read.replicas.replicas(),
            [](const verdict::Replica& each) { return is_usable(each.fitness); });
        add_gauge(made, {{"master_name", read.name}}, static_cast<double>(usable));
    }
    return made;
}

MetricFamily fresh(std::span<const ReadReport> reads)
{
    auto made = make_family(
        "replica_fresh", "Whether the server may serve reads as a replica.", MetricType::Gauge);
    for (const auto& read : reads)
        for (const auto& replica : read.replicas.replicas())
            add_gauge(
                made,
                labels_of(read.name, replica.server.name),
                is_usable(replica.fitness) ? 1 : 0);
    return made;
}

MetricFamily lag_seconds(std::span<const ReadReport> reads)
{
    auto made = make_family(
        "replica_lag_seconds",
        "How old what a reader of the replica sees may be at most; missing while not known.",
        MetricType::Gauge);
    for (const auto& read : reads)
        for (const auto& replica : read.replicas.replicas())
            if (const auto lag = lag_time(replica, read.now))
                add_gauge(made, labels_of(read.name, replica.server.name), seconds(*lag));
    return made;
}

}  // namespace

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
