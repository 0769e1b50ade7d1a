#include "node/reply_parser.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace spoa::node {
namespace {

std::uint64_t number_in(std::string_view text)
{
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

// A replica without a link to its master says -1.
std::uint64_t offset_in(const resp::Value& value)
{
    const auto* const number = std::get_if<std::int64_t>(&value.data);
    return number && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
}

Link link_in(const resp::Value& value)
{
    const auto* const word = value.text();
    if (word && *word == "connected")
        return Link::up;
    return word && *word == "sync" ? Link::syncing : Link::none;
}

// The address of a replica's master in ROLE: the port is a number there.
std::optional<Endpoint> master_in(const resp::Value& host, const resp::Value& port)
{
    const auto* const text = host.text();
    const auto* const number = std::get_if<std::int64_t>(&port.data);
    if (!text || !number)
        return std::nullopt;
    auto made = make_endpoint(*text, std::to_string(*number));
    return made ? std::optional(*std::move(made)) : std::nullopt;
}

// A master's list in ROLE: of each replica its host, port and acknowledged offset, all texts.
std::vector<Acknowledged> replicas_in(const resp::Value& list)
{
    std::vector<Acknowledged> replicas;
    const auto* const entries = list.array();
    if (!entries)
        return replicas;
    for (const auto& entry : *entries) {
        if (replicas.size() == most_listed)
            break;
        const auto* const parts = entry.array();
        if (!parts || parts->size() < 3 || !std::ranges::all_of(*parts, &resp::Value::text))
            continue;
        if (auto address = make_endpoint(*(*parts)[0].text(), *(*parts)[1].text()))
            replicas.push_back({*std::move(address), number_in(*(*parts)[2].text())});
    }
    return replicas;
}

// Whether a key of INFO is `word` with a number behind it, as of databases and replicas:
// `db0:keys=5,expires=0,avg_ttl=0`, `slave0:ip=10.0.0.2,port=6379,state=online,offset=77,lag=1`.
bool is_numbered(std::string_view key, std::string_view word)
{
    return key.starts_with(word) && key.size() > word.size() &&
           key.find_first_not_of("0123456789", word.size()) == std::string_view::npos;
}

// The value of one field in such a line; empty without it.
std::string_view field_in(std::string_view line, std::string_view name)
{
    while (!line.empty()) {
        const auto comma = line.find(',');
        const auto field = line.substr(0, comma);
        if (field.starts_with(name) && field.substr(name.size()).starts_with('='))
            return field.substr(name.size() + 1);
        line = comma == std::string_view::npos ? std::string_view() : line.substr(comma + 1);
    }
    return {};
}

void count_replica(Info& info, std::string_view line)
{
    if (field_in(line, "state") != "online") {
        ++info.syncing_replicas;
        return;
    }
    const auto lag = number_in(field_in(line, "lag"));
    info.least_lag = std::min(info.least_lag.value_or(lag), lag);
}

}  // namespace

std::optional<RoleReply> parse_role(const resp::Value& reply)
{
    const auto* const parts = reply.array();
    const auto* const word = parts && !parts->empty() ? parts->front().text() : nullptr;
    if (!word)
        return std::nullopt;
    if (*word == "master" && parts->size() >= 2)
        return RoleReply{
            Role::master,
            offset_in((*parts)[1]),
            {},
            Link::none,
            parts->size() >= 3 ? replicas_in((*parts)[2]) : std::vector<Acknowledged>()};
    if (*word == "slave" && parts->size() >= 5)
        return RoleReply{
            Role::replica,
            offset_in((*parts)[4]),
            master_in((*parts)[1], (*parts)[2]),
            link_in((*parts)[3])};
    return std::nullopt;
}

std::optional<Info> parse_info(const resp::Value& reply)
{
    const auto* const text = reply.text();
    if (!text)
        return std::nullopt;
    Info info;
    std::string_view master_host;
    std::string_view master_port;
    std::uint64_t replica_offset = 0;
    for (std::string_view rest = *text; !rest.empty();) {
        const auto end = rest.find('\n');
        auto line = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        const auto colon = line.find(':');
        if (colon == std::string_view::npos)
            continue;
        const auto key = line.substr(0, colon);
        const auto value = line.substr(colon + 1);
        if (key == "run_id")
            info.run_id = std::string(value);
        else if (key == "loading" || key == "async_loading")
            info.loading = info.loading || value == "1";
        else if (key == "connected_slaves")
            info.connected_replicas = number_in(value);
        else if (key == "master_repl_offset")
            info.offset = number_in(value);
        else if (key == "slave_repl_offset")
            replica_offset = number_in(value);
        else if (key == "master_host")
            master_host = value;
        else if (key == "master_port")
            master_port = value;
        else if (key == "master_link_status")
            info.master_link_up = value == "up";
        else if (key == "replica_announced")
            info.announced = value != "0";
        else if (key == "slave_priority")
            info.priority = number_in(value);
        else if (is_numbered(key, "slave"))
            count_replica(info, value);
        else if (is_numbered(key, "db"))
            info.keys += number_in(field_in(value, "keys"));
    }
    if (auto master = make_endpoint(master_host, master_port)) {
        info.master = *std::move(master);
        info.offset = replica_offset;
    }
    return info;
}

}  // namespace spoa::node
