#include "config/masters.hpp"

#include "config/address.hpp"
#include "config/master_name.hpp"
#include "config/quoted.hpp"
#include "config/ranges.hpp"
#include "config/replicas.hpp"
#include "config/servers.hpp"
#include "config/suggest.hpp"
#include "config/tls.hpp"

#include <array>
#include <map>
#include <string>
#include <string_view>

namespace spoa::config {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr std::size_t longest_server_name = 64;
constexpr std::size_t most_servers = 100'000;  // a short text could stand for more
constexpr Range<milliseconds> hold_range{0ms, 8760h};
constexpr Range<milliseconds> wait_range{0ms, 60s};

// What HAProxy takes as the name of a server.
constexpr std::string_view server_characters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:";

// What is wrong with the name of a server; empty when nothing is.
std::string complaint(std::string_view name)
{
    if (name.empty())
        return "the name is empty";
    if (name.find_first_not_of(server_characters) != std::string_view::npos)
        return in_quotes(name) +
               " has a character that is not allowed; letters, digits and . - _ : are";
    if (name.size() > longest_server_name)
        return in_quotes(name) + " is longer than " + std::to_string(longest_server_name) +
               " characters";
    return {};
}

std::vector<Server> read_servers(const Value& value, Report& report)
{
    std::vector<Server> out;
    std::map<Endpoint, Entry> seen;
    for (const auto& entry : read_ranged_entries(value, report)) {
        if (const auto text = complaint(entry.key); !text.empty()) {
            report.error(entry.place, value.name + ": server name: " + text);
            continue;
        }
        if (entry.value.node->kind == TreeNode::Kind::nothing &&
            entry.key.find(':') != std::string::npos) {
            report.error(
                entry.place, value.name + ": write a blank after the colon of NAME: host:port");
            continue;
        }
        const Value named{"server " + in_quotes(entry.key), entry.value.node};
        const auto address = read_peer(named, "6379", report);
        if (!address)
            continue;
        const auto& [first, is_new] = seen.emplace(folded(*address), entry);
        if (!is_new)
            report.error(
                named.place(),
                named.name + " has the address " + to_string(*address) + " of server " +
                    in_quotes(first->second.key) + " on line " +
                    std::to_string(first->second.place.line));
        out.push_back({entry.key, *address});
    }
    return out;
}

verdict::Policy read_policy(const Section& master, Report& report)
{
    using verdict::InDoubt;
    using verdict::NoQuorum;
    constexpr std::array<std::string_view, 2> words{"hold", "refuse"};
    constexpr std::array choices{NoQuorum::hold, NoQuorum::refuse};

    constexpr std::array<std::string_view, 2> doubt_words{"refuse", "keep"};
    constexpr std::array doubt_choices{InDoubt::refuse, InDoubt::keep};

    const auto section = master.section(
        "policy", {"no_quorum", "no_quorum_hold", "odown", "switching", "isolated", "wait"});
    verdict::Policy out;
    if (const auto value = section.find("no_quorum"))
        if (const auto choice = read_choice(*value, words, report))
            out.no_quorum = choices.at(*choice);
    if (const auto value = section.find("no_quorum_hold")) {
        out.no_quorum_hold = read_duration(*value, hold_range, report).value_or(out.no_quorum_hold);
        if (out.no_quorum == NoQuorum::refuse)
            report.warning(
                value->place(), value->name + ": without effect, as no_quorum is refuse");
    }
    if (const auto value = section.find("wait"))
        out.wait = read_duration(*value, wait_range, report).value_or(out.wait);
    const auto read_doubt = [&](std::string_view key, InDoubt& target) {
        if (const auto value = section.find(key))
            if (const auto choice = read_choice(*value, doubt_words, report))
                target = doubt_choices.at(*choice);
    };
    read_doubt("odown", out.odown);
    read_doubt("switching", out.switching);
    read_doubt("isolated", out.isolated);
    if (const auto value = section.find("isolated"); value && !master.find("redis"))
        report.warning(
            value->place(),
            value->name + ": without effect, as the nodes are not asked; add redis to the master");
    return out;
}

std::optional<RedisAccess> read_redis(const Section& master, const Origin& origin, Report& report)
{
    if (!master.find("redis"))
        return std::nullopt;
    const auto section = master.section("redis", {"username", "password", "password_file", "tls"});
    return RedisAccess{
        read_credentials(section, origin, report), read_tls(section, origin, report)};
}

// Empty when there is no valid name. `seen` are the names so far.
std::string read_name(const Section& master, std::map<std::string, Place>& seen, Report& report)
{
    const auto value = master.require("name", "give the name that the Sentinels monitor");
    const auto name = value ? read_master_name(*value, report) : std::string();
    if (name.empty())
        return {};
    const auto& [first, is_new] = seen.emplace(name, value->place());
    if (!is_new)
        report.error(
            value->place(),
            "duplicate master " + name_in_quotes(name) + ", first on line " +
                std::to_string(first->second.line));
    return name;
}

Master read_master(
    const Value& value, std::map<std::string, Place>& seen, const Origin& origin, Report& report)
{
    const Section section(
        value, {"name", "servers", "connect", "redis", "policy", "replicas"}, report);
    Master out;
    out.name = read_name(section, seen, report);
    out.redis = read_redis(section, origin, report);
    out.policy = read_policy(section, report);

    const auto servers = section.find("servers");
    if (servers)
        out.servers = read_servers(*servers, report);
    const bool none = !servers || servers->node->kind == TreeNode::Kind::nothing ||
                      (servers->node->kind == TreeNode::Kind::mapping && servers->node->size == 1);
    if (none && !out.name.empty())
        report.warning(
            servers ? servers->place() : section.place(),
            "master " + name_in_quotes(out.name) +
                " has no servers: its verdicts carry an address, but no server name");
    out.connect = read_connect(section, out.servers, report);
    out.replicas = read_replicas(section, out, report);
    return out;
}

}  // namespace

std::string unknown_master(const std::string& name, const std::vector<Master>& masters)
{
    std::vector<std::string_view> names;
    for (const auto& master : masters)
        names.push_back(master.name);
    const auto meant = nearest(name, names);
    return "no master is called " + in_quotes(name) +
           (meant ? "; did you mean " + name_in_quotes(*meant) + "?" : "");
}

std::vector<Master> read_masters(const Section& root, const Origin& origin, Report& report)
{
    std::vector<Master> out;
    const auto list = root.require("masters", "list the names to watch: - name: mymaster");
    if (!list)
        return out;
    std::map<std::string, Place> seen;
    std::size_t servers = 0;
    for (const auto& value : read_list(*list, report)) {
        out.push_back(read_master(value, seen, origin, report));
        servers += out.back().servers.size();
        if (servers <= most_servers)
            continue;
        report.error(
            value.place(),
            value.name + ": more than " + std::to_string(most_servers) +
                " servers, with those of ranges");
        break;
    }
    return out;
}

}  // namespace spoa::config
