#include "sentinel/reply_parser.hpp"

#include "base/peer_text.hpp"

#include <algorithm>
#include <charconv>

namespace spoa::sentinel {
namespace {

// The parts of MASTER that matter.
struct MasterReply {
    Endpoint address;
    std::uint64_t config_epoch = 0;
    Flags flags;
    std::chrono::milliseconds ping_pending{0};
    std::chrono::milliseconds failover_timeout{0};
    std::uint64_t known_sentinels = 0;
    std::vector<KnownProcess> processes;
};

using AddressReply = std::optional<Endpoint>;  // nothing: the name is unknown
using OptionalMaster = std::optional<MasterReply>;

Refused not_understood(std::string_view what)
{
    return {Refusal::not_understood, std::string(what)};
}

std::optional<std::uint64_t> parse_number(std::string_view text)
{
    std::uint64_t number = 0;
    const auto* const end = text.data() + text.size();
    const auto [parsed, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || parsed != end)
        return std::nullopt;
    return number;
}

Flags parse_flags(std::string_view words)
{
    Flags flags;
    while (!words.empty()) {
        const auto comma = words.find(',');
        const auto word = words.substr(0, comma);
        flags.s_down |= word == "s_down";
        flags.o_down |= word == "o_down";
        flags.failover_in_progress |= word == "failover_in_progress";
        flags.disconnected |= word == "disconnected";
        words = comma == std::string_view::npos ? std::string_view() : words.substr(comma + 1);
    }
    return flags;
}

bool is_promoting(std::string_view failover_state)
{
    return failover_state == "send_slaveof_noone" || failover_state == "wait_promotion" ||
           failover_state == "reconf_slaves" || failover_state == "update_config";
}

// A count or a duration that a peer gives: nothing sensible is above this.
std::uint64_t bounded_number(std::string_view text)
{
    constexpr std::uint64_t most = 1'000'000'000;
    return std::min(parse_number(text).value_or(0), most);
}

Answer<AddressReply> parse_address(const resp::Value& reply)
{
    if (const auto* const error = reply.error())
        return classify(*error);
    if (reply.is_nil())
        return AddressReply();
    const auto* const parts = reply.array();
    if (!parts || parts->size() != 2 || !(*parts)[0].text() || !(*parts)[1].text())
        return not_understood("GET-MASTER-ADDR-BY-NAME answered no address");
    auto address = make_endpoint(*(*parts)[0].text(), *(*parts)[1].text());
    if (!address)
        return not_understood("GET-MASTER-ADDR-BY-NAME answered no usable address");
    return AddressReply(*std::move(address));
}

// Gives each field of a flat list of names and values to `take(name, value)`, to be read by name:
// fields come and go with state and version.
template <class Take>
std::optional<Refused> read_fields(const resp::Value& list, const std::string& command, Take take)
{
    const auto* const fields = list.array();
    if (!fields || fields->size() % 2 != 0)
        return not_understood(command + " answered no list of fields");
    for (std::size_t i = 0; i < fields->size(); i += 2) {
        const auto* const name = (*fields)[i].text();
        const auto* const value = (*fields)[i + 1].text();
        if (!name || !value)
            return not_understood(command + " answered a field that is no text");
        take(*name, *value);
    }
    return std::nullopt;
}

constexpr std::size_t run_id_size = 40;

// Nothing for IP addresses, which lead to one machine; and while a Sentinel has yet to ask.
void note_process(
    std::vector<KnownProcess>& processes, const Endpoint& address, std::string_view run_id)
{
    if (run_id.size() == run_id_size && ip_version(address.host) == IpVersion::none)
        processes.push_back({address, std::string(run_id)});
}

Answer<OptionalMaster> parse_master(const resp::Value& reply)
{
    if (const auto* const error = reply.error()) {
        if (error->text.starts_with("ERR No such master"))
            return OptionalMaster();
        return classify(*error);
    }

    std::string_view ip;
    std::string_view port;
    std::optional<std::uint64_t> config_epoch;
    Flags flags;
    bool promoting = false;
    std::chrono::milliseconds ping_sent{0};  // how long ago; 0: it was answered
    auto answered = std::chrono::milliseconds::max();
    std::string_view run_id;
    MasterReply master;
    const auto take = [&](std::string_view name, std::string_view value) {
        if (name == "ip")
            ip = value;
        else if (name == "port")
            port = value;
        else if (name == "flags")
            flags = parse_flags(value);
        else if (name == "failover-state")
            promoting = is_promoting(value);
        else if (name == "last-ping-sent")
            ping_sent = std::chrono::milliseconds(bounded_number(value));
        else if (name == "last-ok-ping-reply" || name == "last-ping-reply")
            answered = std::min(answered, std::chrono::milliseconds(bounded_number(value)));
        else if (name == "failover-timeout")
            master.failover_timeout = std::chrono::milliseconds(bounded_number(value));
        else if (name == "num-other-sentinels")
            master.known_sentinels = bounded_number(value) + 1;
        else if (name == "runid")
            run_id = value;
        else if (name == "config-epoch")
            config_epoch = parse_number(value);
    };
    if (const auto refused = read_fields(reply, "MASTER", take))
        return *refused;
    auto address = make_endpoint(ip, port);
    if (!address || !config_epoch)
        return not_understood("MASTER answered no usable ip, port or config-epoch");
    master.address = *std::move(address);
    master.config_epoch = *config_epoch;
    note_process(master.processes, master.address, run_id);
    master.flags = flags;
    master.flags.promoting = promoting;
    // A Sentinel without a connection has sent nothing, and shows as its last PING when it began to
    // connect, beside the same moment as the last answer (sentinel.c, sentinelResetMaster).
    if (ping_sent < answered)
        master.ping_pending = ping_sent;
    return OptionalMaster(std::move(master));
}

Vote make_vote(const Endpoint& address, MasterReply master, TimePoint now)
{
    Vote vote;
    vote.address = address;
    vote.config_epoch = master.config_epoch;
    vote.failover_timeout = master.failover_timeout;
    vote.known_sentinels = master.known_sentinels;
    if (master.address == address) {
        vote.processes = std::move(master.processes);
        vote.flags = master.flags;
        vote.ping_pending = master.ping_pending;
    }
    vote.answered_at = now;
    return vote;
}

}  // namespace

bool is_permanent(Refusal refusal) noexcept
{
    switch (refusal) {
        case Refusal::noauth:
        case Refusal::wrongpass:
        case Refusal::noperm:
        case Refusal::unknown_command:
        case Refusal::not_understood: return true;
        case Refusal::torn:
        case Refusal::other_error: break;
    }
    return false;
}

Refused classify(const resp::Error& error)
{
    struct Row {
        std::string_view start;
        Refusal why;
    };
    static constexpr Row rows[] = {
        {"NOAUTH", Refusal::noauth},
        {"WRONGPASS", Refusal::wrongpass},
        {"ERR AUTH", Refusal::wrongpass},
        {"ERR invalid password", Refusal::wrongpass},       // before Redis 6
        {"ERR Client sent AUTH, but", Refusal::wrongpass},  // before Redis 6
        {"NOPERM", Refusal::noperm},
        {"ERR unknown command", Refusal::unknown_command},
        {"ERR Unknown sentinel subcommand", Refusal::unknown_command},
        {"ERR unknown subcommand", Refusal::unknown_command},
        {"ERR Unknown subcommand", Refusal::unknown_command},
        {"ERR This instance has", Refusal::unknown_command},  // SENTINEL asked of a data node
    };
    for (const auto& row : rows)
        if (error.text.starts_with(row.start))
            return {row.why, error.text.shown()};
    return {Refusal::other_error, error.text.shown()};
}

bool wants_no_password(const resp::Error& error)
{
    return error.text.starts_with("ERR AUTH <password> called without any password") ||
           error.text.starts_with("ERR Client sent AUTH, but no password is set");  // before 6
}

Answer<Vote> parse_vote(
    const resp::Value& first_address, const resp::Value& master, const resp::Value& second_address,
    TimePoint now)
{
    auto first = parse_address(first_address);
    if (auto* const refused = std::get_if<Refused>(&first))
        return std::move(*refused);
    auto fields = parse_master(master);
    if (auto* const refused = std::get_if<Refused>(&fields))
        return std::move(*refused);
    auto second = parse_address(second_address);
    if (auto* const refused = std::get_if<Refused>(&second))
        return std::move(*refused);

    const auto& before = std::get<AddressReply>(first);
    const auto& after = std::get<AddressReply>(second);
    const auto& between = std::get<OptionalMaster>(fields);
    if (before != after || before.has_value() != between.has_value())
        return Refused{Refusal::torn, "it changed while it was asked"};
    if (!before) {
        Vote nothing;
        nothing.answered_at = now;
        return nothing;
    }
    return make_vote(*before, *std::get<OptionalMaster>(std::move(fields)), now);
}

Answer<Vote> repeat_vote(const Vote& last, const resp::Value& master, TimePoint now)
{
    auto fields = parse_master(master);
    if (auto* const refused = std::get_if<Refused>(&fields))
        return std::move(*refused);
    const auto& said = std::get<OptionalMaster>(fields);
    if (!said || !last.address || said->address != *last.address ||
        said->config_epoch != last.config_epoch || said->flags.failover_in_progress)
        return Refused{Refusal::torn, "it differs from the vote before"};
    return make_vote(*last.address, *std::get<OptionalMaster>(std::move(fields)), now);
}

std::optional<bool> parse_ckquorum(const resp::Value& reply)
{
    if (const auto* const error = reply.error()) {
        if (error->text.starts_with("NOQUORUM"))
            return true;
        return std::nullopt;
    }
    const auto* const text = reply.text();
    if (!text || !text->starts_with("OK"))
        return std::nullopt;
    return false;
}

Answer<KnownReplicas> parse_replicas(const resp::Value& reply)
{
    if (const auto* const error = reply.error())
        return classify(*error);
    const auto* const list = reply.array();
    if (!list)
        return not_understood("REPLICAS answered no list");
    KnownReplicas known;
    for (const auto& entry : *list) {
        std::string_view ip;
        std::string_view port;
        std::string_view priority;
        std::string_view run_id;
        Flags flags;
        const auto take = [&](std::string_view name, std::string_view value) {
            if (name == "ip")
                ip = value;
            else if (name == "port")
                port = value;
            else if (name == "flags")
                flags = parse_flags(value);
            else if (name == "slave-priority")
                priority = value;
            else if (name == "runid")
                run_id = value;
        };
        if (const auto refused = read_fields(entry, "REPLICAS", take))
            return *refused;
        // One whose host name the Sentinel cannot resolve has no ip: nobody else is concerned.
        const auto address = make_endpoint(ip, port);
        if (!address)
            continue;
        note_process(known.processes, *address, run_id);
        if (priority != "0")
            known.promotable.push_back(*address);
        if (flags.s_down || flags.disconnected)
            known.unseen.push_back({*address, flags.s_down});
    }
    return known;
}

bool parse_tilt(const resp::Value& info)
{
    const auto* const text = info.text();
    return text && text->find("sentinel_tilt:1") != std::string::npos;
}

std::vector<std::string> parse_monitored(const resp::Value& info)
{
    // master0:name=mymaster,status=ok,address=127.0.0.1:6379,slaves=2,sentinels=3
    constexpr std::size_t most = 10'000;
    std::vector<std::string> names;
    const auto* const text = info.text();
    std::string_view rest = text ? std::string_view(*text) : std::string_view();
    while (!rest.empty() && names.size() < most) {
        const auto end = rest.find('\n');
        const auto line = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        constexpr std::string_view before = ":name=";
        const auto name = line.find(before);
        const auto status = line.find(",status=");
        if (line.starts_with("master") && name < status && status != std::string_view::npos)
            names.emplace_back(line.substr(name + before.size(), status - name - before.size()));
    }
    return names;
}

std::vector<std::string> nearest_names(
    std::string_view wanted, const std::vector<std::string>& monitored)
{
    constexpr std::size_t enough = 3;
    const auto sought = folded(wanted);
    std::vector<std::string> names;
    for (const auto& name : monitored) {
        if (name == wanted)  // it did when it was asked for all
            continue;
        if (folded(name) == sought)
            return {shown_name(name)};
        if (names.size() < enough)
            names.push_back(shown_name(name));
    }
    return names;
}

Answer<std::string> parse_myid(const resp::Value& reply)
{
    if (const auto* const error = reply.error()) {
        auto refused = classify(*error);
        if (refused.why == Refusal::unknown_command || refused.why == Refusal::noperm)
            return std::string();  // before 6.2, or not allowed: identities are then unknown
        return refused;
    }
    const auto* const text = reply.text();
    const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    if (!text || text->size() != run_id_size || !std::ranges::all_of(*text, is_hex))
        return not_understood("MYID answered no id");
    return *text;
}

}  // namespace spoa::sentinel
