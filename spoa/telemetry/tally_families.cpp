#include "telemetry/tally_families.hpp"

#include "telemetry/families.hpp"
#include "telemetry/made_family.hpp"

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

MetricFamily verdicts(Tallies tallies, std::span<const std::string> names)
{
    auto made = make_family(
        "verdicts_total",
        "Answers given to HAProxy, by monitored name and state.",
        MetricType::Counter);
    const auto add = [&](const std::string& name, verdict::State state, double value) {
        add_counter(
            made, {{"master_name", name}, {"state", std::string(verdict::name_of(state))}}, value);
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
    auto made = make_family(
        "verdict_duration_seconds",
        "Time from reading a question to having its answer ready to write.",
        MetricType::Histogram);
    ClientMetric metric;
    std::uint64_t cumulative = 0;
    for (std::size_t i = 0; i <= Tally::duration_bounds.size(); ++i) {
        for (const auto* const tally : tallies)
            cumulative += tally->durations[i].read();
        const double bound = i < Tally::duration_bounds.size()
                                 ? seconds(Tally::duration_bounds[i])
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
    Tallies tallies, const std::string& name, std::string help, const std::string& label,
    const std::array<std::string_view, Size>& values, std::array<agent::Count, Size> Tally::*member)
{
    auto made = make_family(name, std::move(help), MetricType::Counter);
    for (std::size_t i = 0; i < Size; ++i)
        add_counter(made, {{label, std::string(values[i])}}, sum(tallies, [&](const Tally& tally) {
                        return (tally.*member)[i].read();
                    }));
    return made;
}

MetricFamily connections_opened(Tallies tallies)
{
    auto made = make_family(
        "spop_connections_total",
        "SPOP connections accepted since the start.",
        MetricType::Counter);
    add_counter(
        made, {}, sum(tallies, [](const Tally& tally) { return tally.connections_opened.read(); }));
    return made;
}

MetricFamily connections(Tallies tallies)
{
    auto made = make_family("spop_connections", "SPOP connections open now.", MetricType::Gauge);
    add_gauge(made, {}, sum(tallies, [](const Tally& tally) { return tally.connections(); }));
    return made;
}

MetricFamily waiting(Tallies tallies, std::span<const std::string> names)
{
    auto made = make_family(
        "waiting_connections",
        "New connections that wait for a clear verdict now.",
        MetricType::Gauge);
    for (std::size_t place = 0; place < names.size(); ++place)
        if (!names[place].empty())
            add_gauge(made, {{"master_name", names[place]}}, sum(tallies, [&](const Tally& tally) {
                          return tally.waits[place].open();
                      }));
    return made;
}

MetricFamily waits(Tallies tallies, std::span<const std::string> names)
{
    auto made = make_family(
        "waits_total", "New connections that have waited, by how that ended.", MetricType::Counter);
    for (std::size_t place = 0; place < names.size(); ++place) {
        if (names[place].empty())
            continue;
        for (std::size_t end = 0; end < agent::wait_end_names.size(); ++end)
            add_counter(
                made,
                {{"master_name", names[place]}, {"end", std::string(agent::wait_end_names[end])}},
                sum(tallies,
                    [&](const Tally& tally) { return tally.waits[place].ended[end].read(); }));
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
            "spop_frames_total",
            "SPOP frames from HAProxy, by type.",
            "type",
            agent::frame_kind_names,
            &Tally::frames),
        labelled(
            tallies,
            "spop_errors_total",
            "SPOP connections that broke the protocol or a limit, by reason.",
            "reason",
            agent::spop_error_names,
            &Tally::errors),
    };
}

}  // namespace spoa::telemetry
