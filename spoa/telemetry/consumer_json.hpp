#pragma once

#include "telemetry/report.hpp"

#include <nlohmann/json_fwd.hpp>

#include <span>
#include <string_view>

namespace spoa::telemetry {

// The HAProxies, with their backends for this name alone; those that have none are left out. All
// of them with all backends when it is empty.
nlohmann::ordered_json haproxies_json(
    std::span<const HaproxyReport> haproxies, std::string_view name);

// The nutcrackers, with their pools for this name alone, or with all when it is empty; those that
// have none are left out.
nlohmann::ordered_json twemproxies_json(
    std::span<const TwemproxyReport> twemproxies, std::string_view name);

}  // namespace spoa::telemetry
