#include "telemetry/haproxy_metrics.hpp"

#include <algorithm>

namespace spoa::telemetry {
namespace {

const prometheus::Histogram::BucketBoundaries fence_bounds{
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5};

}  // namespace

HaproxyMetrics::HaproxyMetrics(Families& families, const NameMetrics& names)
    : names_(names),
      up_(families.gauge(
          "haproxy_up", "Whether HAProxy's runtime API does what the agent tells it.")),
      errors_(
          families.counter("haproxy_errors_total", "Turns of HAProxy's runtime API that failed.")),
      fenced_(families.counter(
          "fenced_sessions_total", "Sessions on a server when it was put into maintenance.")),
      server_sessions_(families.gauge(
          "server_sessions",
          "Sessions on a server of HAProxy, when its runtime API was last asked.")),
      stray_sessions_(families.gauge(
          "stray_sessions",
          "Those of them on a server that should be in maintenance: not the master any more, or "
          "in doubt.")),
      fence_duration_(families
                          .histogram(
                              "fence_duration_seconds",
                              "Time from the decision to fence to the runtime API's reply.")
                          .Add({}, fence_bounds))
{}

std::size_t HaproxyMetrics::add(const std::string& runtime_api)
{
    const auto known = std::ranges::find(haproxies_, runtime_api, &Haproxy::runtime_api);
    const auto number = static_cast<std::size_t>(known - haproxies_.begin());
    if (known == haproxies_.end()) {
        const prometheus::Labels labels{{"runtime_api", runtime_api}};
        haproxies_.push_back({runtime_api, 0, &up_.Add(labels), &errors_.Add(labels), {}});
    }
    ++haproxies_[number].users;
    return number;
}

void HaproxyMetrics::remove(std::size_t haproxy)
{
    auto& removed = haproxies_[haproxy];
    --removed.users;
    for (const auto& [sessions, stray] : removed.sessions) {
        server_sessions_.Remove(sessions);
        stray_sessions_.Remove(stray);
    }
    removed.sessions.clear();
}

void HaproxyMetrics::set_up(std::size_t haproxy, bool up)
{
    haproxies_[haproxy].up->Set(up ? 1 : 0);
}

void HaproxyMetrics::count_error(std::size_t haproxy)
{
    haproxies_[haproxy].errors->Increment();
}

void HaproxyMetrics::count_fenced(
    std::size_t name, const std::string& server, std::uint64_t sessions)
{
    fenced_.Add({{"master_name", names_.at(name)}, {"server", server}})
        .Increment(static_cast<double>(sessions));
}

void HaproxyMetrics::observe_fence(std::chrono::nanoseconds took)
{
    fence_duration_.Observe(seconds(took));
}

void HaproxyMetrics::set_sessions(
    std::size_t name, const ServerPlace& place, std::uint64_t sessions, bool stray)
{
    const prometheus::Labels labels{
        {"master_name", names_.at(name)},
        {"runtime_api", place.runtime_api},
        {"backend", place.backend},
        {"server", place.server}};
    auto& all = server_sessions_.Add(labels);
    auto& stray_ones = stray_sessions_.Add(labels);
    all.Set(static_cast<double>(sessions));
    stray_ones.Set(stray ? static_cast<double>(sessions) : 0);
    for (auto& haproxy : haproxies_)
        if (haproxy.runtime_api == place.runtime_api)
            haproxy.sessions.emplace(&all, &stray_ones);
}

bool HaproxyMetrics::shows(const prometheus::ClientMetric& metric) const
{
    const auto* const runtime_api = find_label(metric, "runtime_api");
    return !runtime_api || std::ranges::any_of(haproxies_, [&](const Haproxy& each) {
        return each.users > 0 && each.runtime_api == *runtime_api;
    });
}

}  // namespace spoa::telemetry
