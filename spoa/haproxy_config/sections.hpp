// The parts of the two files that are the same in every form.
#pragma once

#include "config/config.hpp"
#include "haproxy_config/form.hpp"

#include <string>
#include <string_view>

namespace spoa::haproxy_config {

// The head of haproxy.cfg: title, global and defaults.
std::string head(const config::Config& config, Form form, std::string_view directory);

// The backend in which HAProxy finds the agent.
std::string agents_backend(const config::Config& config);

// HAProxy's own page and metrics.
std::string stats_frontend();

// Whether HAProxy tells the agent which role it asks for: where a name offers reads, and the agent
// is asked at all.
bool uses_roles(const config::Config& config, Form form);

// The SPOE file, whole. It knows no names: each frontend says which one it is for.
std::string spoe_file(const config::Config& config, Form form);

}  // namespace spoa::haproxy_config
