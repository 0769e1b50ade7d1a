#pragma once

#include "config/config.hpp"
#include "haproxy_config/form.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace spoa::haproxy_config {

// The frontend of one monitored name and the backends behind it. No line of it lets a connection
// through that has no verdict, or one that names a node outside `master.servers`.
std::string routing(
    const config::Master& master, std::size_t port, Form form, std::string_view directory);

}  // namespace spoa::haproxy_config
