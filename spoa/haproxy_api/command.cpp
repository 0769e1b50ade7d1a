#include "haproxy_api/command.hpp"

#include "base/hex_escape.hpp"

namespace spoa::haproxy_api {
namespace {

std::string place_of(std::string_view backend, std::string_view server)
{
    return std::string(backend) + '/' + std::string(server);
}

}  // namespace

std::string mark_name(std::string_view backend)
{
    return "proc.sentinel_spoa." + hex_escaped(backend, "", '_', lower_hex);
}

std::string make_ready(std::string_view backend, std::string_view server)
{
    return "set server " + place_of(backend, server) + " state ready";
}

std::string make_maint(std::string_view backend, std::string_view server)
{
    return "set server " + place_of(backend, server) + " state maint";
}

std::string move_server(std::string_view backend, std::string_view server, const Endpoint& address)
{
    return "set server " + place_of(backend, server) + " addr " + address.host + " port " +
           std::to_string(address.port);
}

std::string end_sessions(std::string_view backend, std::string_view server)
{
    return "shutdown sessions server " + place_of(backend, server);
}

std::string write_mark(std::string_view backend, const std::set<std::string>& servers)
{
    std::string value;
    for (const auto& server : servers)
        value += (value.empty() ? "" : "/") + server;  // no name of a server has a slash
    return "set var " + mark_name(backend) + " expr str(" + value + ")";
}

std::string batch_of(std::span<const Commands> backends)
{
    constexpr std::string_view servers_only = " 4 -1";
    std::string line = "experimental-mode on";
    for (const auto& each : backends)
        if (each.id)
            line += ";show stat " + std::to_string(*each.id) + std::string(servers_only);
    for (const auto& each : backends)
        for (const auto& command : each.opening)
            line += ';' + command;
    for (const auto& each : backends)
        for (const auto& command : each.closing)
            line += ';' + command;
    for (const auto& each : backends)
        line += ";get var " + mark_name(each.backend) + ";show servers state " + each.backend;
    return line + '\n';
}

}  // namespace spoa::haproxy_api
