#pragma once

#include "node/restart.hpp"
#include "telemetry/moment.hpp"
#include "telemetry/report.hpp"
#include "verdict/failover.hpp"
#include "verdict/watch.hpp"

#include <string>

namespace spoa::daemon {

// Writes the one log line of a change: old -> new, state, epoch, votes, how long it took, why.
// The end of traffic is an error, doubt a warning, everything else notable is information; a vote
// more or less is for debugging.
void log_change(const std::string& name, const verdict::Change& change);

// Writes a line for each obstacle or problem that is new, and one when the last obstacle is gone.
void log_delivery(
    const std::string& name, const telemetry::DeliveryReport& before,
    const telemetry::DeliveryReport& after);

// Writes the one log line of a node's restart, with what it had before and has now; `emptied`: it
// is the master, and lost data.
void log_restart(
    const std::string& name, const std::string& server, const node::Restart& restart, bool emptied);

// Writes the one line of a failover that is over, with the moment of each phase.
void log_failover(
    const std::string& name, const verdict::Failover& failover, const telemetry::Moment& now);

}  // namespace spoa::daemon
