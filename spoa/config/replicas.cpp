#include "config/replicas.hpp"

#include "config/quoted.hpp"
#include "config/servers.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::config {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;
using verdict::ReadFallback;
using verdict::ReplicaPolicy;

constexpr Range<std::uint64_t> lag_range{1, std::uint64_t{1} << 40U};
// The nodes are asked five times a second: a replica that keeps up is known to within some 450 ms.
constexpr Range<milliseconds> lag_time_range{600ms, 1h};
constexpr Range<milliseconds> drain_range{0ms, 10min};
constexpr Range<unsigned> weight_range{0, 100};

void read_weights(const Value& value, const Master& master, ReplicaPolicy& out, Report& report)
{
    for (const auto& entry : read_entries(value, report)) {
        if (!is_server(entry.key, value.name, entry.place, master.servers, report))
            continue;
        if (const auto weight = read_number(entry.value, weight_range, report))
            out.weights.emplace(entry.key, *weight);
    }
    const bool none = std::ranges::all_of(
        master.servers, [&](const Server& server) { return out.weight_of(server.name) == 0; });
    if (none && !master.servers.empty())
        report.error(value.place(), value.name + ": every server has the weight 0");
}

void read_preferred(const Value& value, const Master& master, ReplicaPolicy& out, Report& report)
{
    for (const auto& one : read_one_or_more(value, report)) {
        const auto name = read_text(one, report);
        if (name && is_server(*name, value.name, one.place(), master.servers, report))
            out.prefer.push_back(*name);
    }
}

// What makes all of the section useless.
void check_master(const Value& value, const Master& master, Report& report)
{
    if (!master.redis)
        report.error(
            value.place(),
            value.name +
                ": how fresh a replica is, the nodes themselves have to tell; add redis to the "
                "master");
    else if (master.servers.empty())
        report.error(value.place(), value.name + ": the master has no servers; list them");
    else if (master.servers.size() == 1)
        report.warning(
            value.place(), value.name + ": the master has one server, and so no replica");
}

}  // namespace

std::optional<ReplicaPolicy> read_replicas(const Section& master, const Master& out, Report& report)
{
    constexpr std::array<std::string_view, 3> fallback_words{"master", "refuse", "wait"};
    constexpr std::array fallbacks{ReadFallback::master, ReadFallback::refuse, ReadFallback::wait};
    constexpr std::array<std::string_view, 2> flag_words{"true", "false"};

    const auto given = master.find("replicas");
    if (!given)
        return std::nullopt;
    check_master(*given, out, report);
    const auto section = master.section(
        "replicas",
        {"max_lag", "max_lag_time", "fallback", "strict", "weights", "prefer", "drain"});
    ReplicaPolicy policy;
    if (const auto value = section.find("max_lag"))
        policy.max_lag = read_size(*value, lag_range, report).value_or(policy.max_lag);
    if (const auto value = section.find("max_lag_time"))
        policy.max_lag_time =
            read_duration(*value, lag_time_range, report).value_or(policy.max_lag_time);
    if (const auto value = section.find("fallback")) {
        if (const auto choice = read_choice(*value, fallback_words, report))
            policy.fallback = fallbacks.at(*choice);
        if (policy.fallback == ReadFallback::wait && out.policy.wait == 0ms)
            report.warning(
                value->place(), value->name + ": policy.wait is 0, so nobody waits: it is refuse");
    }
    if (const auto value = section.find("strict"))
        if (const auto choice = read_choice(*value, flag_words, report))
            policy.strict = *choice == 0;
    if (const auto value = section.find("weights"))
        read_weights(*value, out, policy, report);
    if (const auto value = section.find("prefer"))
        read_preferred(*value, out, policy, report);
    if (const auto value = section.find("drain"))
        policy.drain = read_duration(*value, drain_range, report).value_or(policy.drain);
    return policy;
}

}  // namespace spoa::config
