// What the generator writes, taken apart for its tests.
#pragma once

#include "haproxy_config/generate.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace spoa::test {

using namespace spoa::haproxy_config;

using Lines = std::vector<std::string>;

inline constexpr std::array spoe_forms{Form::use_server, Form::backends, Form::set_dst};
inline constexpr std::array all_forms{
    Form::use_server, Form::backends, Form::set_dst, Form::lua, Form::lua_fallback};

inline config::Master master(
    std::string name, const std::vector<std::pair<std::string, std::string>>& servers)
{
    config::Master out;
    out.name = std::move(name);
    for (const auto& [server, address] : servers)
        out.servers.push_back({server, parse_endpoint(address).value()});
    return out;
}

inline config::Config config_of(std::vector<config::Master> masters)
{
    config::Config out;
    out.masters = std::move(masters);
    return out;
}

inline config::Config two_nodes()
{
    return config_of({master("mymaster", {{"R1", "10.0.0.1:6379"}, {"R2", "10.0.0.2:6380"}})});
}

inline std::vector<std::string> lines_of(const std::string& text)
{
    std::vector<std::string> out;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        out.push_back(line);
    return out;
}

// The lines that HAProxy acts upon.
inline std::vector<std::string> orders_of(const std::string& text)
{
    std::vector<std::string> out;
    for (auto line : lines_of(text)) {
        const auto start = line.find_first_not_of(' ');
        if (start != std::string::npos && line[start] != '#')
            out.push_back(line.substr(start));
    }
    return out;
}

// The orders of one section, without its title.
inline std::vector<std::string> section(const std::string& text, const std::string& title)
{
    std::vector<std::string> out;
    bool inside = false;
    for (const auto& line : lines_of(text)) {
        if (!line.empty() && line[0] != ' ' && line[0] != '#' && line[0] != '.')
            inside = line == title;
        else if (inside)
            std::ranges::copy(orders_of(line), std::back_inserter(out));
    }
    return out;
}

inline bool has(const std::vector<std::string>& lines, const std::string& line)
{
    return std::ranges::find(lines, line) != lines.end();
}

inline std::size_t place(const std::vector<std::string>& lines, const std::string& line)
{
    REQUIRE(has(lines, line));
    return static_cast<std::size_t>(std::ranges::find(lines, line) - lines.begin());
}

inline std::string haproxy_cfg(
    const config::Config& config, Form form, const std::string& directory = "/etc/haproxy")
{
    const auto files = generate(config, form, directory);
    REQUIRE(files.has_value());
    return files->at(0).content;
}

}  // namespace spoa::test
