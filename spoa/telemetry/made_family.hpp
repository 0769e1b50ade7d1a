#pragma once

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>

#include <string>
#include <vector>

namespace spoa::telemetry {

using MetricLabels = std::vector<prometheus::ClientMetric::Label>;

// A family whose values are gathered anew at each look at /metrics; it begins empty. The name is
// given without its prefix.
prometheus::MetricFamily make_family(
    const std::string& name, std::string help, prometheus::MetricType type);

// One more series, with its value: of a family of counters, or of gauges.
void add_counter(prometheus::MetricFamily& family, MetricLabels labels, double value);
void add_gauge(prometheus::MetricFamily& family, MetricLabels labels, double value);

}  // namespace spoa::telemetry
