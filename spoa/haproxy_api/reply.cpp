#include "haproxy_api/reply.hpp"

#include "haproxy_api/command.hpp"
#include "haproxy_api/text.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace spoa::haproxy_api {
namespace {

// Bits of srv_admin_state, from HAProxy's include/haproxy/server-t.h.
constexpr std::uint64_t forced_maint = 0x01;
constexpr std::uint64_t forced_drain = 0x08;
// Inherited from a tracked server; no address from the resolvers. 0x40 tells that the host name was
// set over the runtime API: it stays for ever, and is no maintenance.
constexpr std::uint64_t other_maint = 0x02 | 0x20;

std::vector<std::string_view> split(std::string_view text, char separator)
{
    std::vector<std::string_view> words;
    while (!text.empty())
        words.push_back(take_until(text, separator));
    return words;
}

// A table whose header has been read: where the columns are that we need.
struct Table {
    char separator;
    std::size_t backend;
    std::size_t server;
    std::size_t value;
    std::optional<std::size_t> id;  // of the backend; the table of states has it

    std::size_t needed() const { return std::max({backend, server, value, id.value_or(0)}); }
};

std::optional<std::size_t> place_of(
    std::string_view column, const std::vector<std::string_view>& in)
{
    const auto found = std::ranges::find(in, column);
    if (found == in.end())
        return std::nullopt;
    return static_cast<std::size_t>(found - in.begin());
}

// `show servers state`
std::optional<Table> table_of_states(std::string_view header)
{
    const auto columns = split(header, ' ');
    const auto backend = place_of("be_name", columns);
    const auto server = place_of("srv_name", columns);
    const auto admin_state = place_of("srv_admin_state", columns);
    const auto id = place_of("be_id", columns);
    if (!backend || !server || !admin_state || !id)
        return std::nullopt;
    return Table{' ', *backend, *server, *admin_state, id};
}

// `show stat`
std::optional<Table> table_of_sessions(std::string_view header)
{
    const auto columns = split(header, ',');
    const auto backend = place_of("pxname", columns);
    const auto server = place_of("svname", columns);
    const auto sessions = place_of("scur", columns);
    if (!backend || !server || !sessions)
        return std::nullopt;
    return Table{',', *backend, *server, *sessions, {}};
}

class Parser {
public:
    void take(std::string_view line)
    {
        if (line.empty())
            table_.reset();
        else if (line.starts_with("# be_id "))
            begin(table_of_states(line.substr(2)));
        else if (line.starts_with("# pxname,"))
            begin(table_of_sessions(line.substr(2)));
        else if (table_)
            take_row(line);
        else if (line.starts_with("proc."))
            take_mark(line);
        else if (line != "1" && line != "Variable not found.")  // 1 is the version of the states
            reply_.complaints.emplace_back(line);
    }

    Reply finish(bool whole)
    {
        reply_.cut = reply_.cut || !whole || table_.has_value();
        for (auto& [name, seen] : backends_) {
            for (auto& server : seen.servers)
                if (const auto known = sessions_.find({name, server.name});
                    known != sessions_.end())
                    server.sessions = known->second;
            if (const auto mark = marks_.find(mark_name(name)); mark != marks_.end())
                seen.marked = std::move(mark->second);
            reply_.backends.push_back(std::move(seen));
        }
        return std::move(reply_);
    }

private:
    void begin(std::optional<Table> table)
    {
        reply_.cut = reply_.cut || !table || table_.has_value();
        table_ = table;
    }

    void take_row(std::string_view line)
    {
        const auto cells = split(line, table_->separator);
        const bool enough = table_->needed() < cells.size();
        const auto value = enough ? number_in(cells[table_->value]) : std::nullopt;
        const auto id = enough && table_->id ? number_in(cells[*table_->id]) : std::nullopt;
        if (!value || id.has_value() != table_->id.has_value()) {
            reply_.cut = true;
            return;
        }
        const std::string backend(cells[table_->backend]);
        const std::string server(cells[table_->server]);
        if (!is_name(backend) || !is_name(server)) {
            reply_.cut = true;
            return;
        }
        if (!id) {
            sessions_[{backend, server}] = *value;
            return;
        }
        auto& seen = backends_[backend];
        seen.name = backend;
        seen.id = *id;
        seen.servers.push_back(
            {server,
             (*value & forced_maint) != 0,
             (*value & other_maint) != 0,
             (*value & forced_drain) != 0,
             0});
    }

    // `proc.sentinel_spoa.x: type=str value=<R2/R3>`
    void take_mark(std::string_view line)
    {
        constexpr std::string_view before = ": type=str value=<";
        const auto at = line.find(before);
        if (at == std::string_view::npos || !line.ends_with('>')) {
            reply_.cut = true;
            return;
        }
        auto& servers = marks_[std::string(line.substr(0, at))];
        line.remove_suffix(1);
        for (const auto name : split(line.substr(at + before.size()), '/'))
            servers.emplace(name);
    }

    Reply reply_;
    std::optional<Table> table_;
    std::map<std::string, BackendSeen> backends_;
    std::map<std::pair<std::string, std::string>, std::uint64_t> sessions_;
    std::map<std::string, std::set<std::string>, std::less<>> marks_;
};

}  // namespace

const ServerSeen* BackendSeen::find(std::string_view server) const
{
    const auto found = std::ranges::find(servers, server, &ServerSeen::name);
    return found == servers.end() ? nullptr : &*found;
}

const BackendSeen* Reply::find(std::string_view backend) const
{
    const auto found = std::ranges::find(backends, backend, &BackendSeen::name);
    return found == backends.end() ? nullptr : &*found;
}

Reply parse_reply(std::string_view text)
{
    const bool whole = text.empty() || text.ends_with('\n');
    Parser parser;
    while (!text.empty())
        parser.take(take_until(text, '\n'));
    return parser.finish(whole);
}

std::string trouble_in(const Reply& reply)
{
    // What is not found is missing in the answer, too.
    const auto is_missing = [](const std::string& line) {
        return line.starts_with("Can't find backend") || line.starts_with("No such ");
    };
    const auto first = std::ranges::find_if_not(reply.complaints, is_missing);
    if (first == reply.complaints.end())
        return {};
    const auto says = [&](std::string_view words) {
        return std::ranges::any_of(
            reply.complaints, [words](const std::string& line) { return line.starts_with(words); });
    };
    if (says("Permission denied") || says("This command is restricted"))
        return "its level is too low to change anything: write `level admin` on the `stats "
               "socket` line of haproxy.cfg";
    if (says("Unknown command"))
        return "it does not know a command: HAProxy 2.6 or later is needed";
    constexpr std::size_t enough = 80;
    return "it answers: " + first->substr(0, enough);
}

}  // namespace spoa::haproxy_api
