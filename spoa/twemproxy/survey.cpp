#include "twemproxy/survey.hpp"

#include "twemproxy/edit.hpp"
#include "twemproxy/pools.hpp"

#include <algorithm>

namespace spoa::twemproxy {
namespace {

std::string indented(std::string_view text)
{
    std::string out;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size() - 1);
        out += "    " + std::string(text.substr(0, end + 1));
        text.remove_prefix(end + 1);
    }
    return out;
}

// What is worth knowing of a pool that follows.
std::string warnings_of(const Pool& pool, const PoolServer& server)
{
    std::string out;
    if (!pool.redis)
        out += "  warning: pool " + pool.name +
               " has no `redis: true`: it speaks memcached, which no Sentinel watches\n";
    if (server.entry.name.empty() && pool.servers.size() > 1)
        out += "  warning: pool " + pool.name + ", line " + std::to_string(server.line) +
               ": the server has no name, so keys are spread by its address and move to other "
               "servers with it; give each server a name\n";
    return out;
}

// The change for the first of the master's nodes that is not in the file.
std::string example_of(
    const config::Twemproxy::Pool& follower, std::string_view text,
    std::span<const config::Master> masters)
{
    const auto master = std::ranges::find(masters, follower.master, &config::Master::name);
    if (master == masters.end())
        return {};
    for (const auto& node : master->servers) {
        const Target target{follower.pool, follower.server, node.address};
        const auto edited = edit(text, std::span(&target, 1));
        if (!edited)
            return "  error: " + edited.error().text + "\n";
        if (!edited->changes.empty())
            return "  when " + node.name + " is the master:\n" + indented(to_diff(*edited));
    }
    return {};
}

}  // namespace

Survey survey(
    const config::Twemproxy& settings, std::string_view text,
    std::span<const config::Master> masters)
{
    Survey out;
    const auto fail = [&out](const std::string& sentence) {
        out.good = false;
        out.text += "  error: " + sentence + "\n";
    };
    out.text = settings.file + "\n";
    const auto pools = read_pools(text);
    if (!pools) {
        fail(pools.error().text);
        return out;
    }
    for (const auto& follower : settings.pools) {
        const auto place = find_pool(*pools, follower.pool);
        if (!place) {
            fail(place.error().text);
            continue;
        }
        const auto& pool = (*pools)[*place];
        const auto number = pool.find_server(follower.server);
        if (!number) {
            fail(number.error().text);
            continue;
        }
        const auto& server = pool.servers[*number];
        out.text += "  pool " + pool.name + ", line " + std::to_string(server.line) + ": server " +
                    (server.entry.name.empty() ? std::to_string(*number + 1) : server.entry.name) +
                    ", now at " + server.entry.address + ", follows " + follower.master + "\n" +
                    warnings_of(pool, server);
        const auto example = example_of(follower, text, masters);
        out.good = out.good && !example.starts_with("  error");
        out.text += example;
    }
    if (settings.dry_run) {
        out.text += "  dry_run: nothing is changed\n";
    } else {
        out.text += "  then:";
        for (const auto& word : settings.restart)
            out.text += " " + word;
        out.text += "\n";
    }
    return out;
}

}  // namespace spoa::twemproxy
