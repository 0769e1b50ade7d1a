#pragma once

#include "config/config.hpp"
#include "daemon/event_feed.hpp"
#include "net/connection_limits.hpp"

#include <cstddef>

namespace spoa::daemon {

inline constexpr std::size_t most_http_connections = 256 + most_event_readers;

// Raises the limit of file descriptors to what the configuration can need. Returns how many SPOP
// connections that leaves room for; where it is fewer than configured, a warning says what to set.
net::ConnectionLimits provide_descriptors(const config::Config& config);

}  // namespace spoa::daemon
