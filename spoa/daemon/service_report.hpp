#pragma once

#include "daemon/control.hpp"
#include "daemon/service_manager.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <string>

namespace spoa::daemon {

// What is told to the service manager is made of.
struct ServiceSources {
    std::function<const Control&()> control;
    std::function<bool()> all_turned;  // every loop has had its turn since the last call
};

// Tells the manager once that the agent is ready: when every name has a verdict to send
// connections by, or after a second, since the agent answers as well while there is none. From
// then on tells the state in one sentence whenever it changes, and feeds the watchdog as long as
// this loop and those of the workers turn. Ends when cancelled.
boost::asio::awaitable<void> report_to(const ServiceManager& manager, ServiceSources sources);

// "2 of 3 names have a master that may be used, 3 of 3 Sentinels answer; without: sessions"
std::string service_status(const Control& control);

}  // namespace spoa::daemon
