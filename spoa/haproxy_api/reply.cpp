#include "haproxy_api/reply.hpp"

#include "haproxy_api/command.hpp"
#include "haproxy_api/text.hpp"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <span>
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

// Where the columns are that we need, by a table's header.
using Columns = std::vector<std::size_t>;

std::optional<Columns> columns_of(
    std::string_view header, char separator, std::initializer_list<std::string_view> names)
{
    const auto all = split(header, separator);
    Columns columns;
    for (const auto name : names) {
        const auto found = std::ranges::find(all, name);
        if (found == all.end())
            return std::nullopt;
        columns.push_back(static_cast<std::size_t>(found - all.begin()));
    }
    return columns;
}

// The cells of a row in these columns; nothing when it is too short.
std::optional<std::vector<std::string_view>> cells_of(
    std::string_view row, char separator, const Columns& columns)
{
    const auto all = split(row, separator);
    std::vector<std::string_view> cells;
    for (const auto column : columns) {
        if (column >= all.size())
            return std::nullopt;
        cells.push_back(all[column]);
    }
    return cells;
}

std::optional<Columns> columns_of_states(std::string_view header)
{
    return columns_of(
        header,
        ' ',
        {"be_name",
         "be_id",
         "srv_name",
         "srv_addr",
         "srv_port",
         "srv_op_state",
         "srv_admin_state",
         "srv_uweight",
         "srv_iweight"});
}

std::optional<Columns> columns_of_sessions(std::string_view header)
{
    return columns_of(header, ',', {"pxname", "svname", "scur"});
}

// A server's row of `show servers state`, without its backend; nothing when it makes no sense.
std::optional<ServerSeen> parse_server(std::span<const std::string_view> cells)
{
    const auto name = cells[0];
    const auto running = number_in(cells[3]);
    const auto admin = number_in(cells[4]);
    const auto weight = number_in(cells[5]);
    const auto first_weight = number_in(cells[6]);
    if (!running || !admin || !weight || !first_weight || !is_name(name))
        return std::nullopt;
    ServerSeen server;
    server.name = name;
    server.maint = (*admin & forced_maint) != 0;
    server.other = (*admin & other_maint) != 0;
    server.drain = (*admin & forced_drain) != 0;
    server.unbalanced = *first_weight > 0 && (server.drain || *weight == 0);
    server.stopped = *running == 0 && !server.maint && !server.other;
    // `-` is a UNIX socket, or a host name without an address.
    if (ip_version(cells[1]) != IpVersion::none)
        if (auto address = make_endpoint(cells[1], cells[2]))
            server.address = *std::move(address);
    return server;
}

// What commands answer that were carried out, or had nothing to do. 1 is the version of the states.
bool is_no_complaint(std::string_view line)
{
    return line == "1" || line == "Variable not found." || line.starts_with("IP changed from ") ||
           line.starts_with("port changed from ") || line.starts_with("no need to change the ") ||
           line.starts_with("nothing changed");
}

class Parser {
public:
    void take(std::string_view line)
    {
        if (line.empty())
            row_ = nullptr;
        else if (line.starts_with("# be_id "))
            begin(columns_of_states(line.substr(2)), &Parser::take_state);
        else if (line.starts_with("# pxname,"))
            begin(columns_of_sessions(line.substr(2)), &Parser::take_sessions);
        else if (row_)
            reply_.cut = !(this->*row_)(line) || reply_.cut;
        else if (line.starts_with("proc."))
            take_mark(line);
        else if (!is_no_complaint(line))
            reply_.complaints.emplace_back(std::string(line));
    }

    Reply finish(bool whole)
    {
        reply_.cut = reply_.cut || !whole || row_;
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
    // Takes a row of the table that was begun; false when it makes no sense.
    using TakeRow = bool (Parser::*)(std::string_view row);

    void begin(std::optional<Columns> columns, TakeRow row)
    {
        reply_.cut = reply_.cut || !columns || row_;
        row_ = columns ? row : nullptr;
        columns_ = std::move(columns).value_or(Columns());
    }

    bool take_state(std::string_view row)
    {
        const auto cells = cells_of(row, ' ', columns_);
        if (!cells)
            return false;
        const auto& at = *cells;
        const auto id = number_in(at[1]);
        auto server = parse_server(std::span(at).subspan(2));
        if (!id || !server || !is_name(at[0]))
            return false;
        const std::string backend(at[0]);
        auto& seen = backends_[backend];
        seen.name = backend;
        seen.id = *id;
        seen.servers.push_back(*std::move(server));
        return true;
    }

    bool take_sessions(std::string_view row)
    {
        const auto cells = cells_of(row, ',', columns_);
        if (!cells)
            return false;
        const auto& at = *cells;
        const auto sessions = number_in(at[2]);
        if (!sessions || !is_name(at[0]) || !is_name(at[1]))
            return false;
        sessions_[{std::string(at[0]), std::string(at[1])}] = *sessions;
        return true;
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
    TakeRow row_ = nullptr;  // of the table that was begun
    Columns columns_;
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
    const auto is_missing = [](const PeerText& line) {
        return line.starts_with("Can't find backend") || line.starts_with("No such ");
    };
    const auto first = std::ranges::find_if_not(reply.complaints, is_missing);
    if (first == reply.complaints.end())
        return {};
    const auto says = [&](std::string_view words) {
        return std::ranges::any_of(
            reply.complaints, [words](const PeerText& line) { return line.starts_with(words); });
    };
    if (says("Permission denied") || says("This command is restricted"))
        return "its level is too low to change anything: write `level admin` on the `stats "
               "socket` line of haproxy.cfg";
    if (says("Unknown command"))
        return "it does not know a command: HAProxy 2.6 or later is needed";
    constexpr std::size_t enough = 80;
    return "it answers: " + first->shown(enough);
}

}  // namespace spoa::haproxy_api
