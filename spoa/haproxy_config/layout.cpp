#include "haproxy_config/layout.hpp"

namespace spoa::haproxy_config {

std::string frontend_of(std::string_view master)
{
    return "redis_" + std::string(master);
}

std::string nodes_backend_of(std::string_view master)
{
    return frontend_of(master) + "_nodes";
}

std::string server_backend_of(std::string_view master, std::string_view server)
{
    return frontend_of(master) + '_' + std::string(server);
}

std::string refuse_backend_of(std::string_view master)
{
    return frontend_of(master) + "_refuse";
}

std::size_t port_of(std::size_t index)
{
    return 16379 + index;
}

std::size_t read_port_of(std::size_t index)
{
    return 17379 + index;
}

std::string read_name_of(std::string_view master)
{
    return std::string(master) + "_read";
}

// Within single quotes HAProxy takes every character for itself.
std::string path_in(std::string_view directory, std::string_view file)
{
    const auto path = std::string(directory) + '/' + std::string(file);
    const bool plain = path.find_first_of(" \t\"#$\\") == std::string::npos;
    return plain ? path : '\'' + path + '\'';
}

bool reachable_from_chroot(const SocketAddress& listener)
{
    const std::string_view path = listener.unix_path;
    return path.empty() ||
           (path.starts_with(chroot_folder) && path.substr(chroot_folder.size()).starts_with('/'));
}

std::string agent_address(const SocketAddress& listener)
{
    if (!listener.unix_path.empty()) {
        const auto hidden = reachable_from_chroot(listener) ? chroot_folder.size() : 0;
        return "unix@" + listener.unix_path.substr(hidden);
    }
    Endpoint tcp = listener.tcp;
    if (tcp.host == "0.0.0.0")
        tcp.host = "127.0.0.1";
    else if (tcp.host == "::")
        tcp.host = "::1";
    return exact_text(tcp);
}

}  // namespace spoa::haproxy_config
