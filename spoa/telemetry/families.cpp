#include "telemetry/families.hpp"

#include <algorithm>

namespace spoa::telemetry {
namespace {

std::string full_name(const std::string& name)
{
    return std::string(metric_prefix) + name;
}

}  // namespace

prometheus::Family<prometheus::Gauge>& Families::gauge(
    const std::string& name, const std::string& help)
{
    return prometheus::BuildGauge().Name(full_name(name)).Help(help).Register(registry_);
}

prometheus::Family<prometheus::Counter>& Families::counter(
    const std::string& name, const std::string& help)
{
    return prometheus::BuildCounter().Name(full_name(name)).Help(help).Register(registry_);
}

prometheus::Family<prometheus::Histogram>& Families::histogram(
    const std::string& name, const std::string& help)
{
    return prometheus::BuildHistogram().Name(full_name(name)).Help(help).Register(registry_);
}

const std::string* find_label(const prometheus::ClientMetric& metric, std::string_view label)
{
    const auto found =
        std::ranges::find(metric.label, label, &prometheus::ClientMetric::Label::name);
    return found == metric.label.end() ? nullptr : &found->value;
}

}  // namespace spoa::telemetry
