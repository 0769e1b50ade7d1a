#include "agent/answer.hpp"

#include "spop/ack.hpp"

#include <arpa/inet.h>

#include <array>
#include <optional>

namespace spoa::agent {
namespace {

using spop::Scope;
using spop::TypedData;
using verdict::Verdict;

// With this, and a server name of 64, every answer fits the smallest legal frame of 256 bytes.
constexpr std::size_t longest_reason = 120;

void set(Bytes& actions, std::string_view name, const TypedData& value)
{
    spop::put_set_var(actions, Scope::session, name, value);
}

void unset(Bytes& actions, std::string_view name)
{
    spop::put_unset_var(actions, Scope::session, name);
}

std::optional<TypedData> typed_ip(const std::string& host)
{
    spop::Ipv4 v4;
    if (inet_pton(AF_INET, host.c_str(), v4.data()) == 1)
        return v4;
    spop::Ipv6 v6;
    if (inet_pton(AF_INET6, host.c_str(), v6.data()) == 1)
        return v6;
    return std::nullopt;
}

void put_destination(Bytes& actions, const Verdict& verdict)
{
    const bool go = verdict.open && verdict.address;
    if (go && !verdict.server.empty())
        set(actions, "server", std::string_view(verdict.server));
    else
        unset(actions, "server");

    const auto ip = go ? typed_ip(verdict.address->host) : std::nullopt;
    if (ip) {
        set(actions, "ip", *ip);
        set(actions, "port", static_cast<std::int32_t>(verdict.address->port));
    } else {
        unset(actions, "ip");
        unset(actions, "port");
    }
    if (go && (ip || !verdict.server.empty()))
        unset(actions, "reason");
    else if (go)
        set(actions, "reason", std::string_view("the master is a host name, and no server has it"));
    else
        set(actions, "reason", std::string_view(verdict.reason).substr(0, longest_reason));
}

}  // namespace

Bytes encode_answer(const Verdict& verdict)
{
    Bytes actions;
    set(actions, "state", verdict::name_of(verdict.state));
    put_destination(actions, verdict);
    set(actions, "epoch", static_cast<std::int64_t>(verdict.epoch));
    set(actions, "votes", static_cast<std::int32_t>(verdict.votes));
    set(actions, "sentinels", static_cast<std::int32_t>(verdict.sentinels));
    return actions;
}

Bytes encode_refusal(std::string_view reason, verdict::State state)
{
    Verdict refusal;
    refusal.state = state;
    refusal.reason = reason;
    Bytes actions;
    set(actions, "state", verdict::name_of(refusal.state));
    put_destination(actions, refusal);
    return actions;
}

}  // namespace spoa::agent
