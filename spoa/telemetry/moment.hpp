#pragma once

#include <chrono>
#include <string>

namespace spoa::telemetry {

// The moment of a report on both clocks, so that ages become dates.
struct Moment {
    std::chrono::steady_clock::time_point steady;
    std::chrono::system_clock::time_point system;

    // The clocks agree so well that the next report has the same dates, to a millisecond, on a
    // busy machine too.
    static Moment now();

    std::chrono::system_clock::time_point date_of(std::chrono::steady_clock::time_point time) const
    {
        return system -
               std::chrono::duration_cast<std::chrono::system_clock::duration>(steady - time);
    }
};

// RFC 3339 in UTC with milliseconds, as in the log.
std::string utc_text(std::chrono::system_clock::time_point time);

}  // namespace spoa::telemetry
