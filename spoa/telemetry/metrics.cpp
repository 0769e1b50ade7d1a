#include "telemetry/metrics.hpp"

#include "telemetry/tally_families.hpp"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace spoa::telemetry {
namespace {

prometheus::Labels reload_result(bool good)
{
    return {{"result", good ? "ok" : "failed"}};
}

}  // namespace

Metrics::Metrics(
    std::vector<std::string> names, const std::vector<std::string>& sentinels,
    std::string_view version)
    : build_info_(families_.gauge("build_info", "The running program, 1.")
                      .Add({{"version", std::string(version)}})),
      accept_errors_(
          families_
              .counter(
                  "accept_errors_total",
                  "Failed attempts to accept a connection, mostly for want of file descriptors.")
              .Add({})),
      event_readers_(
          families_.gauge("event_readers", "Readers of /v1/events that are connected.").Add({})),
      dropped_readers_(
          families_
              .counter(
                  "event_readers_dropped_total", "Readers of /v1/events dropped for being slow.")
              .Add({})),
      held_events_(
          families_
              .counter(
                  "events_held_back_total",
                  "Changes of state that readers of /v1/events were told together, for being too many.")
              .Add({})),
      held_lines_(families_
                      .counter(
                          "log_lines_held_back_total",
                          "Lines of the log that were only counted, for being too many.")
                      .Add({})),
      dropped_log_lines_(
          families_
              .counter(
                  "log_lines_dropped_total",
                  "Lines of the log that were dropped because nobody read stderr in time.")
              .Add({})),
      reloads_(families_.counter(
          "config_reloads_total", "How often the configuration was read anew, by what came of it."))
{
    build_info_.Set(1);
    for (const bool good : {false, true})
        reloads_.Add(reload_result(good));
    names_.set(std::move(names));
    sentinels_.set(sentinels);
}

void Metrics::count_reload(bool good)
{
    reloads_.Add(reload_result(good)).Increment();
}

std::size_t Metrics::read_counter(std::size_t name, const std::string& server)
{
    const auto known = std::ranges::find(read_counters_, ReadCounter{name, server});
    const auto place = static_cast<std::size_t>(known - read_counters_.begin());
    if (known == read_counters_.end())
        read_counters_.push_back({name, server});
    return place;
}

void Metrics::set_event_readers(std::size_t readers)
{
    event_readers_.Set(static_cast<double>(readers));
}

void Metrics::count_dropped_reader()
{
    dropped_readers_.Increment();
}

void Metrics::count_held_event()
{
    held_events_.Increment();
}

void Metrics::set_held_lines(std::uint64_t lines)
{
    held_lines_.Increment(static_cast<double>(lines) - held_lines_.Value());
}

void Metrics::set_dropped_log_lines(std::uint64_t lines)
{
    dropped_log_lines_.Increment(static_cast<double>(lines) - dropped_log_lines_.Value());
}

void Metrics::count_accept_error()
{
    accept_errors_.Increment();
}

std::uint64_t Metrics::accept_errors() const
{
    return static_cast<std::uint64_t>(accept_errors_.Value());
}

// What was configured once and is no more keeps its series, which are not shown.
bool Metrics::shows(std::string_view family, const prometheus::ClientMetric& metric) const
{
    return names_.shows(family, metric) && nodes_.shows(family, metric) &&
           sentinels_.shows(metric) && haproxies_.shows(metric) && twemproxies_.shows(metric);
}

std::string Metrics::serialize(
    std::span<const agent::Tally* const> tallies, std::span<const ReadReport> reads) const
{
    auto families = families_.collect();
    for (auto& family : families)
        std::erase_if(family.metric, [&](const prometheus::ClientMetric& metric) {
            return !shows(family.name, metric);
        });
    std::erase_if(families, [](const auto& family) { return family.metric.empty(); });
    std::ranges::move(tally_families(tallies, names_.shown()), std::back_inserter(families));
    std::ranges::move(
        read_families(tallies, names_.shown(), read_counters_, reads),
        std::back_inserter(families));
    return prometheus::TextSerializer().Serialize(families);
}

}  // namespace spoa::telemetry
