#pragma once

#include <chrono>
#include <string>

namespace spoa::telemetry {

// The moment of a report on both clocks, so that ages become dates.
struct Moment {
    std::chrono::steady_clock::time_point steady = std::chrono::steady_clock::now();
    std::chrono::system_clock::time_point system = std::chrono::system_clock::now();

    std::chrono::system_clock::time_point date_of(std::chrono::steady_clock::time_point time) const
    {
        return system -
               std::chrono::duration_cast<std::chrono::system_clock::duration>(steady - time);
    }
};

// RFC 3339 in UTC with milliseconds, as in the log.
std::string utc_text(std::chrono::system_clock::time_point time);

}  // namespace spoa::telemetry
