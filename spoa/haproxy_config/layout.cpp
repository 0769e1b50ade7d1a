#include "haproxy_config/layout.hpp"

#include "base/identifier.hpp"

namespace spoa::haproxy_config {
namespace {

// Signs that mean nothing to HAProxy, neither between words nor between the arguments of a sample.
constexpr std::string_view plain_characters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:/+=@";

bool is_plain(std::string_view text)
{
    return text.find_first_not_of(plain_characters) == std::string_view::npos;
}

// In double quotes, in which a backslash comes before each of `special`.
std::string in_double_quotes(std::string_view text, std::string_view special)
{
    std::string out = "\"";
    for (const char c : text) {
        if (special.find(c) != std::string_view::npos)
            out += '\\';
        out += c;
    }
    return out + '"';
}

}  // namespace

std::string frontend_of(std::string_view master)
{
    return "redis_" + identifier_of(master);
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

std::string word_of(std::string_view text)
{
    return is_plain(text) ? std::string(text) : in_double_quotes(text, "\\\"$");
}

// HAProxy takes quotes off twice: around the word, and around the argument.
std::string sample_of(std::string_view text)
{
    if (is_plain(text))
        return "str(" + std::string(text) + ")";
    return word_of("str(" + in_double_quotes(text, "\\\"") + ")");
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
