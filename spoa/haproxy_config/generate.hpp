// Writes the HAProxy side of a configuration: a haproxy.cfg and the SPOE file it names, which
// load as they are. What every line is for: docs/haproxy.md.
#pragma once

#include "base/result.hpp"
#include "config/config.hpp"
#include "haproxy_config/form.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace spoa::haproxy_config {

struct File {
    std::string name;  // without a folder
    std::string content;

    bool operator==(const File&) const = default;
};

// haproxy.cfg and spoe-sentinel.cfg, in this order; or one sentence that says why not and what
// to change. `directory` is where the files will lie: HAProxy is told the path of the SPOE file,
// so it has to be absolute.
[[nodiscard]] result<std::vector<File>, std::string> generate(
    const config::Config& config, Form form, std::string_view directory = "/etc/haproxy");

}  // namespace spoa::haproxy_config
