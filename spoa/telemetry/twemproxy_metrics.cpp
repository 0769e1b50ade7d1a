#include "telemetry/twemproxy_metrics.hpp"

#include <algorithm>

namespace spoa::telemetry {
namespace {

const prometheus::Histogram::BucketBoundaries restart_bounds{
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};

constexpr std::array result_names{"updated", "failed", "rolled_back", "dry_run"};

}  // namespace

TwemproxyMetrics::TwemproxyMetrics(Families& families)
    : updates_(families.counter(
          "twemproxy_updates_total", "Attempts to let nutcracker follow, by their result.")),
      follows_(families.gauge("twemproxy_follows", "Whether the pool has the master in force.")),
      restart_(families
                   .histogram(
                       "twemproxy_restart_duration_seconds",
                       "Time from the restart command to nutcracker's first answer.")
                   .Add({}, restart_bounds))
{}

std::size_t TwemproxyMetrics::add_pool(const std::string& pool)
{
    const auto known = std::ranges::find(pools_, pool, &Pool::name);
    const auto number = static_cast<std::size_t>(known - pools_.begin());
    if (known == pools_.end()) {
        auto& added = pools_.emplace_back();
        added.name = pool;
        for (std::size_t i = 0; i < result_names.size(); ++i)
            added.results.at(i) = &updates_.Add({{"pool", pool}, {"result", result_names.at(i)}});
        added.follows = &follows_.Add({{"pool", pool}});
    }
    if (pools_[number].users++ == 0)
        pools_[number].follows->Set(0);
    return number;
}

void TwemproxyMetrics::remove_pool(std::size_t pool)
{
    --pools_[pool].users;
}

void TwemproxyMetrics::count(std::size_t pool, TwemproxyResult result)
{
    pools_[pool].results.at(static_cast<std::size_t>(result))->Increment();
}

void TwemproxyMetrics::set_follows(std::size_t pool, bool follows)
{
    pools_[pool].follows->Set(follows ? 1 : 0);
}

void TwemproxyMetrics::observe_restart(std::chrono::nanoseconds took)
{
    restart_.Observe(seconds(took));
}

bool TwemproxyMetrics::shows(const prometheus::ClientMetric& metric) const
{
    const auto* const name = find_label(metric, "pool");
    return !name || std::ranges::any_of(pools_, [&](const Pool& each) {
        return each.users > 0 && each.name == *name;
    });
}

}  // namespace spoa::telemetry
