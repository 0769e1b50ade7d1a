#include "twemproxy/edit.hpp"

#include "base/peer_text.hpp"
#include "config/quoted.hpp"
#include "twemproxy/document.hpp"
#include "twemproxy/pools.hpp"

#include <algorithm>
#include <map>

namespace spoa::twemproxy {
namespace {

using config::in_quotes;
using config::Problem;
using config::TreeNode;

// One address in the text, and what is to stand there.
struct Replacement {
    std::size_t offset;
    std::size_t size;
    std::string text;
    Change change;
};

// Past `&anchor` and `!tag`, in front of the value that starts at `offset`.
std::size_t skip_properties(std::string_view text, std::size_t offset)
{
    constexpr std::string_view blanks = " \t\r\n";
    while (offset < text.size() && (text[offset] == '&' || text[offset] == '!')) {
        offset = std::min(text.find_first_of(blanks, offset), text.size());
        offset = std::min(text.find_first_not_of(blanks, offset), text.size());
    }
    return offset;
}

config::Parsed<std::size_t> locate_address(std::string_view text, const PoolServer& server)
{
    auto offset = skip_properties(text, server.offset);
    const bool quoted = offset < text.size() && (text[offset] == '"' || text[offset] == '\'');
    if (quoted)
        ++offset;
    const auto& address = server.entry.address;
    if (text.substr(std::min(offset, text.size()), address.size()) != address)
        return Problem{
            "line " + std::to_string(server.line) +
            ": the server is an alias or written in another way than it reads; write it out on one line"};
    return offset;
}

// The tree with another text at each of these places.
config::NodePtr with_texts(
    const config::NodePtr& node, const std::map<const TreeNode*, std::string>& texts)
{
    if (const auto found = texts.find(node.get()); found != texts.end()) {
        auto changed = std::make_shared<TreeNode>(*node);
        changed->text = found->second;
        return changed;
    }
    auto copy = std::make_shared<TreeNode>(*node);
    for (auto& item : copy->items)
        item = with_texts(item, texts);
    for (auto& [key, value] : copy->entries)
        value = with_texts(value, texts);
    return copy;
}

const TreeNode* find_entry(const TreeNode& mapping, std::string_view key)
{
    const auto is_it = [&](const auto& entry) { return entry.first->text == key; };
    const auto found = std::ranges::find_if(mapping.entries, is_it);
    return found == mapping.entries.end() ? nullptr : found->second.get();
}

// The node of a server that read_pools() has found.
const TreeNode* node_of(const Document& document, const std::string& pool, std::size_t server)
{
    return find_entry(*find_entry(*document.root, pool), "servers")->items[server].get();
}

// Whether some node stands at more than one place: changed at one, it changes at all.
std::size_t uses_of(const TreeNode* wanted, const TreeNode& in)
{
    std::size_t uses = &in == wanted ? 1 : 0;
    for (const auto& item : in.items)
        uses += uses_of(wanted, *item);
    for (const auto& [key, value] : in.entries)
        uses += uses_of(wanted, *key) + uses_of(wanted, *value);
    return uses;
}

// A server that a target means.
struct Meant {
    const Pool& pool;
    std::size_t number;

    const PoolServer& server() const { return pool.servers[number]; }
};

config::Parsed<Meant> find_meant(const std::vector<Pool>& pools, const Target& target)
{
    const auto place = find_pool(pools, target.pool);
    if (!place)
        return place.error();
    const auto number = pools[*place].find_server(target.server);
    if (!number)
        return number.error();
    return Meant{pools[*place], *number};
}

// What has to change, in the text and in its tree.
struct Changes {
    std::map<std::size_t, Replacement> in_text;  // by offset
    std::map<const TreeNode*, std::string> in_tree;
};

// Adds the change of one server; a sentence when it cannot be made.
std::string add_change(
    Changes& changes, std::string_view text, const Document& document, const Meant& meant,
    const Endpoint& master)
{
    const auto& server = meant.server();
    const auto offset = locate_address(text, server);
    if (!offset)
        return offset.error().text;
    const auto* const node = node_of(document, meant.pool.name, meant.number);
    if (uses_of(node, *document.root) > 1)
        return "line " + std::to_string(server.line) +
               ": the server is used elsewhere by an alias, which would change with it; write both out";
    const auto address = entry_address(master);
    const auto size = server.entry.address.size();
    const auto after = address + server.text.substr(size);
    const auto entry = parse_server_entry(after);
    if (!entry || entry->address != address)
        return "the address " + in_quotes(address) + " of the master is none that nutcracker reads";
    changes.in_tree[node] = after;
    changes.in_text.insert_or_assign(
        *offset,
        Replacement{*offset, size, address, {meant.pool.name, server.line, server.text, after}});
    return {};
}

}  // namespace

config::Parsed<Edited> edit(std::string_view text, std::span<const Target> targets)
{
    const auto pools = read_pools(text);
    if (!pools)
        return pools.error();
    const auto document = read_document(text);

    Changes changes;
    std::map<const PoolServer*, Endpoint> claims;
    for (const auto& target : targets) {
        const auto meant = find_meant(*pools, target);
        if (!meant)
            return meant.error();
        const auto& [claim, is_new] = claims.emplace(&meant->server(), target.address);
        if (claim->second != target.address)
            return Problem{
                "pool " + in_quotes(target.pool) + ": server " + in_quotes(target.server) +
                " is to follow two names that have different masters; keep one of them"};
        if (!is_new || names_address(meant->server().entry, target.address))
            continue;
        if (auto trouble = add_change(changes, text, *document, *meant, target.address);
            !trouble.empty())
            return Problem{std::move(trouble)};
    }

    Edited out{std::string(text), {}};
    for (auto each = changes.in_text.rbegin(); each != changes.in_text.rend(); ++each)
        out.text.replace(each->second.offset, each->second.size, each->second.text);
    for (const auto& [offset, replacement] : changes.in_text)
        out.changes.push_back(replacement.change);
    if (out.changes.empty())
        return out;

    const auto after = read_document(out.text);
    if (!after || !is_same(*after->root, *with_texts(document->root, changes.in_tree)))
        return Problem{
            "line " + std::to_string(out.changes.front().line) +
            ": with the new address the file would read differently; put the server in quotes"};
    return out;
}

std::string to_diff(const Edited& edited)
{
    std::string out;
    for (const auto& change : edited.changes)
        out += "@@ line " + std::to_string(change.line) + ", pool " + shown_name(change.pool) +
               " @@\n-" + shown(change.before) + "\n+" + shown(change.after) + "\n";
    return out;
}

}  // namespace spoa::twemproxy
