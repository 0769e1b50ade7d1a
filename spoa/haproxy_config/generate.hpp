// Writes the HAProxy side of a configuration: a haproxy.cfg and the files it names, which load as
// they are. What every line is for: docs/haproxy.md.
#pragma once

#include "base/result.hpp"
#include "config/config.hpp"
#include "haproxy_config/form.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace spoa::haproxy_config {

struct File {
    std::string name;  // below the folder that haproxy.cfg lies in
    std::string content;

    bool operator==(const File&) const = default;
};

// haproxy.cfg, then spoe-sentinel.cfg or the Lua module or both; or one sentence that says why not
// and what to change. `directory` is where the files will lie: HAProxy is told their paths, so it
// has to be absolute.
[[nodiscard]] result<std::vector<File>, std::string> generate(
    const config::Config& config, Form form, std::string_view directory = "/etc/haproxy");

}  // namespace spoa::haproxy_config
