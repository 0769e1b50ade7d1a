#include "twemproxy/smitty.hpp"

#include "base/endpoint.hpp"
#include "config/quoted.hpp"
#include "twemproxy/document.hpp"
#include "twemproxy/pools.hpp"

#include <array>
#include <map>
#include <utility>
#include <vector>

namespace spoa::twemproxy {
namespace {

using config::Problem;

constexpr std::array<std::string_view, 6> keys{
    "twemproxy_pool_name",
    "twemproxy_config_file",
    "sentinel_ip",
    "sentinel_port",
    "restart_command",
    "log_file"};

using Settings = std::map<std::string, std::string, std::less<>>;

std::optional<Settings> read_settings(std::string_view text)
{
    const auto document = read_document(text);
    if (!document)
        return std::nullopt;
    Settings out;
    for (const auto& [key, value] : document->root->entries)
        out[key->text] = value->text;
    return out.contains(keys[0]) || out.contains(keys[1]) ? std::optional(out) : std::nullopt;
}

// In double quotes, as YAML and JSON read it.
std::string as_yaml(std::string_view text)
{
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\')
            out += '\\';
        out += c == '\n' || c == '\r' || c == '\t' ? ' ' : c;
    }
    return out + '"';
}

// Smitty gave the whole text to the system as the name of a program, which can never start.
std::string command_of(const std::string& text)
{
    if (text.find_first_of("|&;<>$`\"'\\*?(){}~#") != std::string::npos)
        return "[sh, -c, " + as_yaml(text) + "]";
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        const auto end = std::min(text.find(' ', i), text.size());
        if (end > i)
            out += (out.empty() ? "" : ", ") + as_yaml(std::string_view(text).substr(i, end - i));
        i = end + 1;
    }
    return "[" + out + "]";
}

// The masters that Smitty followed: it took the names of servers for theirs.
std::vector<std::string> followed_names(const std::string& pool, std::string_view nutcracker)
{
    std::vector<std::string> out;
    const auto pools = read_pools(nutcracker);
    const auto place = pools ? find_pool(*pools, pool) : pools.error();
    if (place)
        for (const auto& server : (*pools)[*place].servers)
            if (!server.entry.name.empty())
                out.push_back(server.entry.name);
    return out;
}

}  // namespace

std::optional<std::string> smitty_target(std::string_view text)
{
    auto settings = read_settings(text);
    return settings ? std::optional((*settings)["twemproxy_config_file"]) : std::nullopt;
}

config::Parsed<std::string> migrate_smitty(std::string_view text, std::string_view nutcracker)
{
    auto settings = read_settings(text);
    if (!settings)
        return Problem{"that is no agent.yml of Smitty"};
    auto& given = *settings;
    for (const auto key : keys)
        if (given[std::string(key)].empty() && key != "log_file")
            return Problem{"it has no " + std::string(key) + ", which Smitty needs"};

    const auto sentinel = make_endpoint(given["sentinel_ip"], given["sentinel_port"]);
    if (!sentinel)
        return Problem{"sentinel_ip and sentinel_port are no address"};
    auto names = followed_names(given["twemproxy_pool_name"], nutcracker);
    const bool known = !names.empty();
    if (!known)
        names.emplace_back("mymaster");

    std::string out =
        "# From Smitty's agent.yml, by sentinel-spoa twemproxy --check. See the lines with TODO.\n"
        "sentinels:\n"
        "  # TODO all Sentinels: Smitty knew only this one, and a majority needs the others too\n"
        "  addresses: [" +
        as_yaml(exact_text(*sentinel)) +
        "]\n"
        "  # TODO if they have `requirepass`: password_file: /etc/sentinel-spoa/sentinel.pass\n"
        "masters:\n";
    out += known ? "  # TODO the names in `sentinel monitor`: Smitty took them from the servers in "
                   "nutcracker.yml\n"
                 : "  # TODO the name in `sentinel monitor`: nutcracker's file could not tell it\n";
    for (const auto& name : names)
        out +=
            "  - name: " + as_yaml(name) +
            "\n"
            "    # TODO the nodes, as the Sentinels announce them: servers: {R1: 10.0.0.1:6379}\n";
    out += "twemproxy:\n  - config: " + as_yaml(given["twemproxy_config_file"]) +
           "\n    pools:\n      " + as_yaml(given["twemproxy_pool_name"]) + ":";
    if (known) {
        out += "  # SERVER: NAME of its master\n";
        for (const auto& name : names)
            out += "        " + as_yaml(name) + ": " + as_yaml(name) + "\n";
    } else {
        out += " mymaster\n";
    }
    out += "    restart: " + command_of(given["restart_command"]) + "\n";
    if (!given["log_file"].empty())
        out +=
            "# The log goes to stderr, which systemd keeps. It was: " + as_yaml(given["log_file"]) +
            "\n";
    return config::Parsed<std::string>(boost::system::in_place_value, std::move(out));
}

}  // namespace spoa::twemproxy
