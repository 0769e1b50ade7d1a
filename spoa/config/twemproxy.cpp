#include "config/twemproxy.hpp"

#include "config/masters.hpp"
#include "config/quoted.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace spoa::config {
namespace {

using namespace std::chrono_literals;

constexpr Range<std::chrono::milliseconds> restart_range{100ms, 10min};

std::string read_path(const Value& value, const Origin& origin, Report& report)
{
    const auto name = read_text(value, report);
    if (!name)
        return {};
    if (name->empty()) {
        report.error(value.place(), value.name + ": the file name is empty");
        return {};
    }
    return (origin.folder / *name).lexically_normal().string();
}

// A program and its arguments, as they are given to it.
std::vector<std::string> read_command(const Value& value, Report& report)
{
    if (value.node->kind == TreeNode::Kind::text) {
        report.error(
            value.place(),
            value.name +
                ": expected a list, [PROGRAM, ARGUMENT, …]: there is no shell that could take a "
                "text apart");
        return {};
    }
    std::vector<std::string> out;
    for (const auto& word : read_list(value, report))
        out.push_back(read_text(word, report).value_or(std::string()));
    if (!out.empty() && out.front().empty())
        report.error(value.place(), value.name + ": the name of the program is empty");
    return out;
}

void read_follower(
    const Value& value, Twemproxy::Pool follower, const std::vector<Master>& masters,
    std::vector<Twemproxy::Pool>& out, Report& report)
{
    const auto name = read_text(value, report);
    if (!name)
        return;
    if (std::ranges::find(masters, *name, &Master::name) == masters.end()) {
        report.error(value.place(), value.name + ": " + unknown_master(*name, masters));
        return;
    }
    follower.master = *name;
    out.push_back(std::move(follower));
}

std::vector<Twemproxy::Pool> read_pools(
    const Value& value, const std::vector<Master>& masters, Report& report)
{
    std::vector<Twemproxy::Pool> out;
    const auto entries = read_entries(value, report);
    if (entries.empty())
        report.error(value.place(), value.name + ": no pool; say which follows which: POOL: NAME");
    for (const auto& entry : entries) {
        const auto pool = "pool " + in_quotes(entry.key);
        if (entry.key.empty()) {
            report.error(entry.place, value.name + ": the name of the pool is empty");
        } else if (entry.value.node->kind != TreeNode::Kind::mapping) {
            read_follower({pool, entry.value.node}, {entry.key, {}, {}}, masters, out, report);
        } else {
            const auto servers = read_entries({pool, entry.value.node}, report);
            if (servers.empty())
                report.error(entry.place, pool + ": no server; write SERVER: NAME");
            for (const auto& server : servers) {
                const auto who = pool + " server " + in_quotes(server.key);
                if (server.key.empty())
                    report.error(server.place, pool + ": the name of the server is empty");
                else
                    read_follower(
                        {who, server.value.node},
                        {entry.key, server.key, {}},
                        masters,
                        out,
                        report);
            }
        }
    }
    return out;
}

Twemproxy read_twemproxy(
    const Value& value, std::map<std::string, Place>& seen, const std::vector<Master>& masters,
    const Origin& origin, Report& report)
{
    const Section section(
        value, {"config", "pools", "restart", "restart_timeout", "test", "dry_run"}, report);
    Twemproxy out;
    if (const auto file = section.require("config", "name nutcracker's file")) {
        out.file = read_path(*file, origin, report);
        const auto& [first, is_new] = seen.emplace(out.file, file->place());
        if (!is_new && !out.file.empty())
            report.error(
                file->place(),
                file->name + ": duplicate file, first on line " +
                    std::to_string(first->second.line) + "; put all of its pools together");
    }
    if (const auto pools =
            section.require("pools", "say which pool follows which name: POOL: NAME"))
        out.pools = read_pools(*pools, masters, report);
    if (const auto timeout = section.find("restart_timeout"))
        out.restart_timeout =
            read_duration(*timeout, restart_range, report).value_or(out.restart_timeout);
    if (const auto test = section.find("test"))
        out.test = read_command(*test, report);
    if (const auto dry = section.find("dry_run")) {
        constexpr std::array<std::string_view, 2> words{"true", "false"};
        out.dry_run = read_choice(*dry, words, report) == 0U;
    }
    if (const auto restart = section.find("restart"))
        out.restart = read_command(*restart, report);
    else if (!out.dry_run)
        section.require("restart", "say how to restart it: [systemctl, restart, nutcracker]");
    return out;
}

}  // namespace

std::vector<Twemproxy> read_twemproxies(
    const Section& root, const std::vector<Master>& masters, const Origin& origin, Report& report)
{
    std::vector<Twemproxy> out;
    const auto list = root.find("twemproxy");
    if (!list)
        return out;
    std::map<std::string, Place> seen;
    for (const auto& value : read_list(*list, report))
        out.push_back(read_twemproxy(value, seen, masters, origin, report));
    return out;
}

}  // namespace spoa::config
