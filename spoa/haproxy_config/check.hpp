#pragma once

#include "config/config.hpp"
#include "haproxy_config/form.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace spoa::haproxy_config {

// Why no files can be written that load, and that refuse what they should refuse: one sentence
// and the remedy. Nothing when all is well.
std::optional<std::string> find_problem(
    const config::Config& config, Form form, std::string_view directory);

}  // namespace spoa::haproxy_config
