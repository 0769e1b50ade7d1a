#include "telemetry/made_family.hpp"

#include "telemetry/families.hpp"

#include <utility>

namespace spoa::telemetry {

prometheus::MetricFamily make_family(
    const std::string& name, std::string help, prometheus::MetricType type)
{
    prometheus::MetricFamily made;
    made.name = std::string(metric_prefix) + name;
    made.help = std::move(help);
    made.type = type;
    return made;
}

void add_counter(prometheus::MetricFamily& family, MetricLabels labels, double value)
{
    auto& metric = family.metric.emplace_back();
    metric.label = std::move(labels);
    metric.counter.value = value;
}

void add_gauge(prometheus::MetricFamily& family, MetricLabels labels, double value)
{
    auto& metric = family.metric.emplace_back();
    metric.label = std::move(labels);
    metric.gauge.value = value;
}

}  // namespace spoa::telemetry
