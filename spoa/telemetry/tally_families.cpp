#include "telemetry/tally_families.hpp"

#include <limits>

namespace spoa::telemetry {
namespace {

using agent::Tally;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Tallies = std::span<const Tally* const>;

// `read` applied to every tally, added up.
template <class Read>
double sum(Tallies tallies, Read read)
{
    std::uint64_t total = 0;
    for (const auto* const tally : tallies)
        total += read(*tally);
    return static_cast<double>(total);
}

MetricFamily family(std::string name, std::string help, MetricType type)
{
    MetricFamily made;
    made.name = std::move(name);
    made.help = std::move(help);
    made.type = type;
    return made;
}

MetricFamily verdicts(Tallies tallies, std::span<const std::string> names)
{
    auto made = family(
        "sentinel_spoa_verdicts_total",
        "Answers given to HAProxy, by monitored name and state.",
        MetricType::Counter);
    const auto add = [&](std::string name, verdict::State state, double value) {
        ClientMetric metric;
        metric.label = {
            {"master_name", std::move(name)}, {"state", std::string(verdict::name_of(state))}};
        metric.counter.value = value;
        made.metric.push_back(std::move(metric));
    };
    for (std::size_t place = 0; place < names.size(); ++place) {
        if (names[place].empty())
            continue;
        for (const auto state : verdict::all_states)
            add(names[place], state, sum(tallies, [&](const Tally& tally) {
                    return tally.verdicts[place][static_cast<std::size_t>(state)].read();
                }));
    }
    // A name that is not configured comes from outside and must not become a label.
    add("", verdict::State::unknown_name, sum(tallies, [](const Tally& tally) {
            return tally.unknown_names.read();
        }));
    return made;
}

MetricFamily durations(Tallies tallies)
{
    auto made = family(
        "sentinel_spoa_verdict_duration_seconds",
        "Time from reading a question to having its answer ready to write.",
        MetricType::Histogram);
    ClientMetric metric;
    std::uint64_t cumulative = 0;
    for (std::size_t i = 0; i <= Tally::duration_bounds.size(); ++i) {
        for (const auto* const tally : tallies)
            cumulative += tally->durations[i].read();
        const double bound = i < Tally::duration_bounds.size()
                                 ? std::chrono::duration<double>(Tally::duration_bounds[i]).count()
                                 : std::numeric_limits<double>::infinity();
        metric.histogram.bucket.push_back({cumulative, bound});
    }
    constexpr double ns_per_second = 1e9;
    metric.histogram.sample_count = cumulative;
    metric.histogram.sample_sum =
        sum(tallies, [](const Tally& tally) { return tally.duration_sum_ns.read(); }) /
        ns_per_second;
    made.metric.push_back(std::move(metric));
    return made;
}

// A counter for each of `labels`, read from the array that `member` points to.
template <std::size_t Size>
MetricFamily labelled(
    Tallies tallies, std::string name, std::string help, const std::string& label,
    const std::array<std::string_view, Size>& values, std::array<agent::Count, Size> Tally::*member)
{
    auto made = family(std::move(name), std::move(help), MetricType::Counter);
    for (std::size_t i = 0; i < Size; ++i) {
        ClientMetric metric;
        metric.label = {{label, std::string(values[i])}};
        metric.counter.value =
            sum(tallies, [&](const Tally& tally) { return (tally.*member)[i].read(); });
        made.metric.push_back(std::move(metric));
    }
    return made;
}

MetricFamily connections_opened(Tallies tallies)
{
    auto made = family(
        "sentinel_spoa_spop_connections_total",
        "SPOP connections accepted since the start.",
        MetricType::Counter);
    ClientMetric metric;
    metric.counter.value =
        sum(tallies, [](const Tally& tally) { return tally.connections_opened.read(); });
    made.metric.push_back(std::move(metric));
    return made;
}

MetricFamily connections(Tallies tallies)
{
    auto made =
        family("sentinel_spoa_spop_connections", "SPOP connections open now.", MetricType::Gauge);
    ClientMetric metric;
    metric.gauge.value = sum(tallies, [](const Tally& tally) { return tally.connections(); });
    made.metric.push_back(std::move(metric));
    return made;
}

MetricFamily waiting(Tallies tallies, std::span<const std::string> names)
{
    auto made = family(
        "sentinel_spoa_waiting_connections",
        "New connections that wait for a clear verdict now.",
        MetricType::Gauge);
    for (std::size_t place = 0; place < names.size(); ++place) {
        if (names[place].empty())
            continue;
        ClientMetric metric;
        metric.label = {{"master_name", names[place]}};
        metric.gauge.value =
            sum(tallies, [&](const Tally& tally) { return tally.waits[place].open(); });
        made.metric.push_back(std::move(metric));
    }
    return made;
}

MetricFamily waits(Tallies tallies, std::span<const std::string> names)
{
    auto made = family(
        "sentinel_spoa_waits_total",
        "New connections that have waited, by how that ended.",
        MetricType::Counter);
    for (std::size_t place = 0; place < names.size(); ++place)
        for (std::size_t end = 0; !names[place].empty() && end < agent::wait_end_names.size();
             ++end) {
            ClientMetric metric;
            metric.label = {
                {"master_name", names[place]}, {"end", std::string(agent::wait_end_names[end])}};
            metric.counter.value = sum(
                tallies, [&](const Tally& tally) { return tally.waits[place].ended[end].read(); });
            made.metric.push_back(std::move(metric));
        }
    return made;
}

}  // namespace

std::vector<MetricFamily> tally_families(Tallies tallies, std::span<const std::string> names)
{
    return {
        verdicts(tallies, names),
        durations(tallies),
        waiting(tallies, names),
        waits(tallies, names),
        connections(tallies),
        connections_opened(tallies),
        labelled(
            tallies,
            "sentinel_spoa_spop_frames_total",
            "SPOP frames from HAProxy, by type.",
            "type",
            agent::frame_kind_names,
            &Tally::frames),
        labelled(
            tallies,
            "sentinel_spoa_spop_errors_total",
            "SPOP connections that broke the protocol or a limit, by reason.",
            "reason",
            agent::spop_error_names,
            &Tally::errors),
    };
}

}  // namespace spoa::telemetry
