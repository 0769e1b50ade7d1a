#include "haproxy_config/generate.hpp"

#include "haproxy_config/check.hpp"
#include "haproxy_config/layout.hpp"
#include "haproxy_config/routing.hpp"
#include "haproxy_config/sections.hpp"

#include <utility>

namespace spoa::haproxy_config {

result<std::vector<File>, std::string> generate(
    const config::Config& config, Form form, std::string_view directory)
{
    if (auto problem = find_problem(config, form, directory))
        return *std::move(problem);
    while (directory.ends_with('/'))
        directory.remove_suffix(1);

    auto haproxy_cfg = head(config, form);
    std::size_t index = 0;
    for (const auto& master : config.masters)
        haproxy_cfg += routing(master, port_of(index++), form, directory);
    haproxy_cfg += agents_backend(config) + stats_frontend();

    return std::vector<File>{
        {"haproxy.cfg", std::move(haproxy_cfg)}, {std::string(spoe_file_name), spoe_file(config)}};
}

}  // namespace spoa::haproxy_config
