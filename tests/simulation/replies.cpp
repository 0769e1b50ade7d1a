#include "simulation/replies.hpp"

#include <array>

namespace spoa::simulation {
namespace {

constexpr std::array<std::string_view, nodes + 1> hosts{"r1", "r2", "r3", "r4"};

enum Field : std::size_t {
    ip,
    port,
    run_id,
    flags,
    failover_state,
    ping,
    pong,
    timeout,
    others,
    epoch,
    fields
};

constexpr std::array<std::string_view, fields> field_names{
    "ip",
    "port",
    "runid",
    "flags",
    "failover-state",
    "last-ping-sent",
    "last-ok-ping-reply",
    "failover-timeout",
    "num-other-sentinels",
    "config-epoch"};

// In the order of Failover; nothing under way shows no state.
constexpr std::array<std::string_view, 6> failover_states{
    "", "wait_start", "select_slave", "send_slaveof_noone", "wait_promotion", "reconf_slaves"};

resp::Value text_value(std::string_view text)
{
    return {std::string(text)};
}

}  // namespace

const Endpoint& endpoint_of(int node)
{
    static const std::array<Endpoint, nodes + 1> all{
        Endpoint{"r1", 1}, Endpoint{"r2", 1}, Endpoint{"r3", 1}, Endpoint{"r4", 1}};
    return all[static_cast<std::size_t>(node)];
}

int node_of(const std::optional<Endpoint>& endpoint)
{
    return endpoint ? endpoint->host[1] - '1' : nowhere;
}

std::string_view identity_text(int identity)
{
    static constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFG";
    return letters.substr(static_cast<std::size_t>(identity), 1);
}

std::string run_id_text(int process)
{
    if (process == nowhere)
        return {};
    const auto digits = std::to_string(process);
    return std::string(RunId::digits - digits.size(), '0') + digits;
}

Replies::Replies() : no_such_master_{resp::Error{"ERR No such master with that name"}}
{
    for (auto& each : address_)
        each.data = resp::Array{text_value("r1"), text_value("1")};
    resp::Array list;
    for (const auto name : field_names) {
        list.push_back(text_value(name));
        list.push_back(text_value("1"));
    }
    master_.data = std::move(list);
    field(flags).reserve(64);
}

std::string& Replies::field(std::size_t place)
{
    return std::get<std::string>(std::get<resp::Array>(master_.data)[2 * place + 1].data);
}

const resp::Value& Replies::address(std::size_t which, int node)
{
    if (node == nowhere)
        return nil_;
    auto& value = address_[which];
    std::get<std::string>(std::get<resp::Array>(value.data)[0].data) =
        hosts[static_cast<std::size_t>(node)];
    return value;
}

const resp::Value& Replies::master(const Said& said, Time failover_timeout)
{
    if (said.master == nowhere)
        return no_such_master_;
    field(ip) = hosts[static_cast<std::size_t>(said.master)];
    field(run_id) = run_id_text(said.run_id);
    auto& words = field(flags);
    words = said.s_down ? "s_down" : "";
    words += said.o_down ? ",o_down" : "";
    words += ",master";
    words += said.disconnected ? ",disconnected" : "";
    words += said.in_progress ? ",failover_in_progress" : "";
    field(failover_state) = failover_states[static_cast<std::size_t>(said.state)];
    field(ping) = std::to_string(said.ping_sent / ms);
    field(pong) = std::to_string(said.last_pong / ms);
    field(timeout) = std::to_string(failover_timeout / ms);
    field(others) = std::to_string(said.known - 1);
    field(epoch) = std::to_string(said.config_epoch);
    return master_;
}

}  // namespace spoa::simulation
