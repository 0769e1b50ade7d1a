// The servers of a master: their names, and where HAProxy connects to.
#pragma once

#include "config/config.hpp"
#include "config/report.hpp"
#include "config/section.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::config {

// Whether a server has this name; else it is reported about `what`, with what was perhaps meant.
bool is_server(
    std::string_view name, const std::string& what, Place place, std::span<const Server> servers,
    Report& report);

// Reads `connect:` of a master, whose servers are read already. One port stands for all servers, on
// their own hosts; a server that several backends reach at different addresses has an entry for
// each.
std::vector<Server> read_connect(
    const Section& master, std::span<const Server> servers, Report& report);

// Where HAProxy connects to for this server: as `connect:` says first, else the announced address.
Endpoint connect_address(const Master& master, const Server& server);

}  // namespace spoa::config
