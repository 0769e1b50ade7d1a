#pragma once

#include "config/config.hpp"
#include "haproxy_config/form.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace spoa::haproxy_config {

// Who is asked for: without a role where no name of the configuration offers reads.
enum class Asks { nothing, master, replica };

// The frontend of one monitored name and the backends behind it. No line of it lets a connection
// through that has no verdict, or one that names a node outside `master.servers`.
std::string routing(
    const config::Master& master, std::size_t port, Form form, std::string_view directory,
    Asks asks = Asks::nothing);

}  // namespace spoa::haproxy_config
