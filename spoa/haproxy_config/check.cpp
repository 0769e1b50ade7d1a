#include "haproxy_config/check.hpp"

#include "base/printable.hpp"
#include "haproxy_config/layout.hpp"

#include <algorithm>
#include <set>

namespace spoa::haproxy_config {
namespace {

using Problem = std::optional<std::string>;

bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_made_of(std::string_view text, std::string_view also)
{
    return std::ranges::all_of(text, [also](char c) {
        return is_letter_or_digit(c) || also.find(c) != std::string_view::npos;
    });
}

// What HAProxy takes as the name of a proxy or server. The first character is kept stricter:
// `-i` behind `-m str` would be an option, not a name.
bool is_identifier(std::string_view name)
{
    return !name.empty() && (is_letter_or_digit(name.front()) || name.front() == '_') &&
           is_made_of(name, "_-.:");
}

bool is_one_line(std::string_view text)
{
    return !text.empty() && std::ranges::none_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20U || byte == 0x7fU;
    });
}

std::string in_quotes(std::string_view text)
{
    return '"' + printable(text) + '"';
}

Problem problem_of_directory(std::string_view directory)
{
    if (!directory.starts_with('/'))
        return "the folder " + in_quotes(directory) +
               " is relative, and HAProxy may be started elsewhere: give it from / on";
    // Between single quotes everything stands for itself but these.
    if (directory.find_first_of("'\n\r") != std::string_view::npos)
        return "the path of the folder has a ' or a line break in it, which haproxy.cfg cannot "
               "hold: choose another";
    return std::nullopt;
}

Problem problem_of_listener(std::string_view key, const SocketAddress& listener)
{
    const bool writable = listener.unix_path.empty() ? is_host(listener.tcp.host)
                                                     : is_made_of(listener.unix_path, "/_-.+:");
    if (writable)
        return std::nullopt;
    return std::string(key) + ": haproxy.cfg cannot hold the address " +
           in_quotes(to_string(listener)) + ": use letters, digits and _ - . only";
}

Problem problem_of_spop(const config::Spop& spop)
{
    if (spop.listen.empty())
        return "spop.listen is empty: HAProxy needs an address to ask";
    for (const auto& listener : spop.listen)
        if (auto problem = problem_of_listener("spop.listen", listener))
            return problem;
    return std::nullopt;
}

Problem problem_of_http(const config::Http& http, Form form)
{
    bool any = false;
    for (const auto& listener : http.listen) {
        if (auto problem = problem_of_listener("http.listen", listener))
            return problem;
        any = any || listener.unix_path.empty();
    }
    if (any)
        return std::nullopt;
    return "http.listen has no HOST:PORT: the form " + std::string(to_string(form)) +
           " follows the agent's events there; add 127.0.0.1:9005";
}

Problem problem_of_server(const config::Master& master, const config::Server& server, Form form)
{
    const auto who = "server " + in_quotes(server.name) + " of master " + in_quotes(master.name);
    if (!is_identifier(server.name))
        return who + ": HAProxy cannot name a server so: use letters, digits and _ - . :";
    if (!is_host(server.address.host))
        return who + ": haproxy.cfg cannot hold the host " + in_quotes(server.address.host);
    if (form == Form::set_dst && ip_version(server.address.host) == IpVersion::none)
        return who + " has the host name " + in_quotes(server.address.host) +
               " for an address: the form set-dst compares IP addresses; write the IP address, "
               "or take the form use-server";
    return std::nullopt;
}

Problem problem_of_master(const config::Master& master, Form form)
{
    const auto who = "master " + in_quotes(master.name);
    if (!is_one_line(master.name))
        return who + ": haproxy.cfg cannot hold a name with a line break or another control sign";
    if (master.servers.empty() && form == Form::set_dst)
        return who +
               " has no servers: without them HAProxy would connect to whatever address a verdict "
               "holds; list the allowed ones as servers: {R1: 10.0.0.1:6379}";
    if (master.servers.empty())
        return who + " has no servers: the form " + std::string(to_string(form)) +
               " picks one by its name; list them as servers: {R1: 10.0.0.1:6379}";
    for (const auto& server : master.servers)
        if (auto problem = problem_of_server(master, server, form))
            return problem;
    return std::nullopt;
}

// `a` with a server `b_c` and `a_b` with a server `c` would both get the backend redis_a_b_c.
Problem problem_of_backends(const config::Config& config)
{
    std::set<std::string> taken;
    for (const auto& master : config.masters)
        for (const auto& name : {master.name, read_name_of(master.name)}) {
            if (name != master.name && !master.replicas)
                continue;
            taken.insert(refuse_backend_of(name));
            for (const auto& server : master.servers) {
                const auto backend = server_backend_of(name, server.name);
                if (!taken.insert(backend).second)
                    return "two backends would be called " + in_quotes(backend) +
                           ": rename server " + in_quotes(server.name) + " of master " +
                           in_quotes(master.name);
            }
        }
    return std::nullopt;
}

}  // namespace

Problem find_problem(const config::Config& config, Form form, std::string_view directory)
{
    if (auto problem = problem_of_directory(directory))
        return problem;
    if (uses_spoe(form))
        if (auto problem = problem_of_spop(config.spop))
            return problem;
    if (uses_lua(form))
        if (auto problem = problem_of_http(config.http, form))
            return problem;
    if (config.masters.empty())
        return "no masters are configured: there is nothing to route";
    for (const auto& master : config.masters)
        if (auto problem = problem_of_master(master, form))
            return problem;
    for (const auto& master : config.masters)
        if (master.replicas &&
            std::ranges::count(config.masters, read_name_of(master.name), &config::Master::name) >
                0)
            return "the proxies for the reads of master " + in_quotes(master.name) +
                   " would be called as those of master " + in_quotes(read_name_of(master.name)) +
                   ": rename one of them";
    return form == Form::backends ? problem_of_backends(config) : std::nullopt;
}

}  // namespace spoa::haproxy_config
