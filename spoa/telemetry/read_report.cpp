#include "telemetry/read_report.hpp"

namespace spoa::telemetry {

std::optional<std::chrono::nanoseconds> lag_time(
    const verdict::Replica& replica, verdict::TimePoint now)
{
    if (!replica.complete_until || replica.fitness == verdict::Fitness::master)
        return std::nullopt;
    return now - *replica.complete_until;
}

}  // namespace spoa::telemetry
