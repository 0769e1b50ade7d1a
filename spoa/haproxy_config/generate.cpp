#include "haproxy_config/generate.hpp"

#include "haproxy_config/check.hpp"
#include "haproxy_config/layout.hpp"
#include "haproxy_config/lua_files.hpp"
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

    auto haproxy_cfg = head(config, form, directory);
    const auto asks = uses_roles(config, form) ? Asks::master : Asks::nothing;
    std::size_t index = 0;
    for (const auto& master : config.masters) {
        haproxy_cfg += routing(master, port_of(index), form, directory, asks);
        if (master.replicas)
            haproxy_cfg += routing(master, read_port_of(index), form, directory, Asks::replica);
        ++index;
    }
    if (uses_spoe(form))
        haproxy_cfg += agents_backend(config);
    haproxy_cfg += stats_frontend();

    std::vector<File> files{{"haproxy.cfg", std::move(haproxy_cfg)}};
    if (uses_spoe(form))
        files.push_back({std::string(spoe_file_name), spoe_file(config, form)});
    if (uses_lua(form))
        for (const auto& [name, content] : lua_files())
            files.push_back({std::string(name), std::string(content)});
    return files;
}

}  // namespace spoa::haproxy_config
