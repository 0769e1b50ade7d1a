#pragma once

#include <prometheus/client_metric.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::telemetry {

// What the name of every metric begins with; wherever one is made, its name is given without.
inline constexpr std::string_view metric_prefix = "sentinel_spoa_";

// The families whose series keep their values between two looks at /metrics. They are shown by
// type, and in the order they are made.
class Families {
public:
    prometheus::Family<prometheus::Gauge>& gauge(const std::string& name, const std::string& help);
    prometheus::Family<prometheus::Counter>& counter(
        const std::string& name, const std::string& help);
    prometheus::Family<prometheus::Histogram>& histogram(
        const std::string& name, const std::string& help);

    std::vector<prometheus::MetricFamily> collect() const { return registry_.Collect(); }

private:
    prometheus::Registry registry_;
};

// The value of this label, or nullptr where the series has none.
const std::string* find_label(const prometheus::ClientMetric& metric, std::string_view label);

inline double seconds(std::chrono::nanoseconds duration)
{
    return std::chrono::duration<double>(duration).count();
}

}  // namespace spoa::telemetry
