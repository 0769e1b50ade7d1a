#include "twemproxy/pools.hpp"

#include "config/quoted.hpp"
#include "config/suggest.hpp"
#include "twemproxy/document.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

namespace spoa::twemproxy {
namespace {

using config::in_quotes;
using config::Problem;
using config::TreeNode;

std::string on_line(int line)
{
    return "line " + std::to_string(line) + ": ";
}

// YAML's `true`, as nutcracker takes it.
bool is_true(const std::string& text)
{
    return text == "true";
}

config::Parsed<PoolServer> read_server(const TreeNode& node, const Document& document)
{
    const auto where = on_line(node.place.line);
    if (node.kind != TreeNode::Kind::text)
        return Problem{where + "a server is a text, host:port:weight name"};
    const auto entry = parse_server_entry(node.text);
    if (!entry)
        return Problem{
            where +
            "this is no server; nutcracker wants host:port:weight and, after one blank, a name "
            "without blanks"};
    return PoolServer{*entry, node.text, document.offset_of(node.place), node.place.line};
}

config::Parsed<Pool> read_pool(const TreeNode& key, const TreeNode& value, const Document& document)
{
    Pool out;
    out.name = key.text;
    out.line = key.place.line;
    const auto where = on_line(key.place.line);
    if (value.kind != TreeNode::Kind::mapping)
        return Problem{where + "expected a pool with its settings (listen, servers, …)"};
    std::set<std::string> seen;
    for (const auto& [name, setting] : value.entries) {
        if (!seen.insert(name->text).second)
            return Problem{
                on_line(name->place.line) + "this key stands twice in its pool; keep one"};
        if (name->text == "listen")
            out.listen = setting->text.substr(0, setting->text.find(' '));  // then its mode
        else if (name->text == "redis")
            out.redis = is_true(setting->text);
        else if (name->text == "redis_auth")
            out.redis_auth = config::Secret(setting->text);
        else if (name->text == "servers")
            for (const auto& item : setting->items) {
                auto server = read_server(*item, document);
                if (!server)
                    return server.error();
                out.servers.push_back(*std::move(server));
            }
    }
    if (out.listen.empty())
        return Problem{where + "the pool has no `listen`; say where it listens"};
    if (out.servers.empty())
        return Problem{where + "the pool has no `servers`; list them"};
    return out;
}

}  // namespace

config::Parsed<std::vector<Pool>> read_pools(std::string_view text)
{
    const auto document = read_document(text);
    if (!document)
        return document.error();
    std::vector<Pool> pools;
    for (const auto& [key, value] : document->root->entries) {
        auto pool = read_pool(*key, *value, *document);
        if (!pool)
            return pool.error();
        for (const auto& other : pools) {
            if (other.name == pool->name)
                return Problem{
                    on_line(key->place.line) + "this pool has the name of another; rename one"};
            if (other.listen == pool->listen)
                return Problem{
                    on_line(key->place.line) +
                    "this pool listens where another one does; give it another port"};
        }
        pools.push_back(*std::move(pool));
    }
    return pools;
}

config::Parsed<std::size_t> find_pool(const std::vector<Pool>& pools, std::string_view name)
{
    const auto found = std::ranges::find(pools, name, &Pool::name);
    if (found != pools.end())
        return static_cast<std::size_t>(found - pools.begin());
    std::vector<std::string> lines;
    for (const auto& pool : pools)
        lines.push_back(std::to_string(pool.line));
    const std::vector<std::string_view> words(lines.begin(), lines.end());
    return Problem{
        "it has no pool " + in_quotes(name) + "; the names of its pools are on " +
        (lines.size() == 1 ? "line " : "lines ") + config::joined(words, "and")};
}

config::Parsed<std::size_t> Pool::find_server(std::string_view which) const
{
    if (which.empty()) {
        if (servers.size() == 1)
            return std::size_t{0};
        return Problem{
            "pool " + in_quotes(name) + " has " + std::to_string(servers.size()) +
            " servers; say in `pools` which of them follows: " + name +
            ": {SERVER: NAME}, by name or number"};
    }
    const auto is_named = [&](const PoolServer& server) { return server.entry.name == which; };
    if (const auto found = std::ranges::find_if(servers, is_named); found != servers.end())
        return static_cast<std::size_t>(found - servers.begin());
    std::size_t number = 0;
    const auto* const end = which.data() + which.size();
    const auto [stop, error] = std::from_chars(which.data(), end, number);
    if (error == std::errc() && stop == end && number >= 1 && number <= servers.size())
        return number - 1;
    return Problem{
        "pool " + in_quotes(name) + " has no server " + in_quotes(which) + " among its " +
        std::to_string(servers.size()) + "; name one of them, or its number from 1"};
}

}  // namespace spoa::twemproxy
