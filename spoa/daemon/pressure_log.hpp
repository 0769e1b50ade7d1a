#pragma once

#include "net/connection_limits.hpp"

#include <cstdint>

namespace spoa::daemon {

// What there is of trouble with too many connections. The counts only grow.
struct Pressure {
    std::uint64_t refused = 0;        // greeted above max_connections
    std::uint64_t accept_errors = 0;  // out of descriptors, most likely
    bool seats_free = true;           // a connection that greets now is served
    bool full = false;                // connections wait in the kernel's backlog
};

// Writes one line when a kind of trouble begins and one when it is over, however many connections
// it hits. Looks once a second, and so writes no oftener.
class PressureLog {
public:
    explicit PressureLog(net::ConnectionLimits limits) : limits_(limits) {}

    void set_limits(net::ConnectionLimits limits) { limits_ = limits; }
    void look(const Pressure& now);

private:
    net::ConnectionLimits limits_;
    Pressure before_;
    bool refusing_ = false;
    bool waiting_ = false;
    bool failing_ = false;
};

}  // namespace spoa::daemon
