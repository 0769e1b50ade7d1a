#pragma once

#include "verdict/watch.hpp"

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace spoa::telemetry {

// One Sentinel as the agent sees it.
struct SentinelReport {
    std::string address;
    bool up = false;
    std::string failure;  // why not, while it is not up; never holds a secret
};

// The moment of a report on both clocks, so that ages become dates.
struct Moment {
    std::chrono::steady_clock::time_point steady = std::chrono::steady_clock::now();
    std::chrono::system_clock::time_point system = std::chrono::system_clock::now();
};

// The JSON of /v1/masters: the Sentinels, and every name with its verdict and votes.
std::string masters_json(
    std::span<const verdict::Watch> watches, std::span<const SentinelReport> sentinels,
    const Moment& now);

// The JSON of /v1/masters/NAME; nothing when the name is not configured.
std::optional<std::string> master_json(
    std::span<const verdict::Watch> watches, std::string_view name,
    std::span<const SentinelReport> sentinels, const Moment& now);

}  // namespace spoa::telemetry
