#include "haproxy_api/master_cli.hpp"

#include "haproxy_api/text.hpp"

namespace spoa::haproxy_api {
namespace {

std::string to_worker(Pid worker)
{
    return "@!" + std::to_string(worker) + ' ';
}

// What follows `key=` in a line of `show sess`, up to the next blank.
std::string_view field_of(std::string_view line, std::string_view key)
{
    const auto at = line.find(key);
    if (at == std::string_view::npos)
        return {};
    line.remove_prefix(at + key.size());
    return line.substr(0, line.find(' '));
}

// It comes back in a command, where anything else might be a command of its own.
bool is_session_id(std::string_view text)
{
    return text.starts_with("0x") && text.size() > 2 &&
           text.find_first_not_of("0123456789abcdef", 2) == std::string_view::npos;
}

}  // namespace

std::string list_processes()
{
    return "show proc\n";
}

std::string list_sessions(Pid worker)
{
    return to_worker(worker) + "show sess\n";
}

std::string end_sessions(Pid worker, std::span<const std::string> ids)
{
    std::string line;
    for (const auto& id : ids)
        line += (line.empty() ? "" : ";") + to_worker(worker) + "shutdown session " + id;
    return line + '\n';
}

std::string list_sessions()
{
    return "show sess\n";
}

std::string end_sessions(std::span<const std::string> ids)
{
    std::string line;
    for (const auto& id : ids)
        line += (line.empty() ? "" : ";") + std::string("shutdown session ") + id;
    return line + '\n';
}

std::optional<std::vector<Pid>> parse_old_workers(std::string_view reply)
{
    if (!reply.starts_with("#<PID>"))
        return std::nullopt;
    std::vector<Pid> workers;
    bool old = false;
    while (!reply.empty()) {
        auto line = take_until(reply, '\n');
        if (line.starts_with('#')) {
            old = line == "# old workers";
            continue;
        }
        const auto pid = number_in(take_until(line, ' '));
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
        if (old && pid && line.starts_with("worker"))
            workers.push_back(static_cast<Pid>(*pid));
    }
    return workers;
}

std::optional<std::vector<SessionSeen>> parse_sessions(std::string_view reply)
{
    if (!reply.ends_with("\n\n"))
        return std::nullopt;
    std::vector<SessionSeen> sessions;
    while (!reply.empty()) {
        const auto line = take_until(reply, '\n');
        if (line.empty())
            continue;
        const auto id = line.substr(0, line.find(':'));
        if (!is_session_id(id))
            return std::nullopt;
        const auto backend = field_of(line, " be=");
        const auto server = field_of(line, " srv=");
        if (is_name(backend) && is_name(server))  // `<NONE>` and `<none>` are not
            sessions.push_back({std::string(id), std::string(backend), std::string(server)});
    }
    return sessions;
}

}  // namespace spoa::haproxy_api
