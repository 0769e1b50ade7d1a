#pragma once

#include "simulation/timeline.hpp"

#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

namespace spoa::simulation {

// The history of one schedule. Kept only while it is replayed: a run of a million schedules
// writes nothing.
class Journal {
public:
    bool on = false;

    template <class... Parts>
    void note(Time now, const Parts&... parts)
    {
        if (!on)
            return;
        std::ostringstream line;
        char time[32];
        std::snprintf(time, sizeof(time), "%10.3f ms  ", static_cast<double>(now) / 1000.0);
        line << time;
        (line << ... << parts);
        lines_.push_back(line.str());
    }

    const std::vector<std::string>& lines() const { return lines_; }

private:
    std::vector<std::string> lines_;
};

// An invariant that does not hold. Ends the schedule.
struct Violation {
    std::string invariant;
    std::string text;
};

}  // namespace spoa::simulation
