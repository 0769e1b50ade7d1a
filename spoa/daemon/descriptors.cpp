#include "daemon/descriptors.hpp"

#include "telemetry/log.hpp"

#include <string>

namespace spoa::daemon {
namespace {

// What the agent opens beside SPOP connections, generously.
std::size_t other_descriptors(const config::Config& config)
{
    constexpr std::size_t process = 32;        // standard streams, state file, name look-ups
    constexpr std::size_t per_event_loop = 3;  // epoll, its timer, its interrupter
    constexpr std::size_t per_sentinel = 2;    // one that subscribes, one that asks
    std::size_t nodes = 0;
    for (const auto& master : config.masters)
        nodes += master.redis ? master.servers.size() : 0;
    return process + per_event_loop * (1 + config.spop.threads) + config.spop.listen.size() +
           config.http.listen.size() + most_http_connections +
           per_sentinel * config.sentinels.addresses.size() + nodes;
}

}  // namespace

net::ConnectionLimits provide_descriptors(const config::Config& config)
{
    const net::ConnectionLimits wanted{
        .served = config.spop.max_connections, .waiting = config.spop.max_waiting};
    const auto others = other_descriptors(config);
    const auto needed = wanted.open() + others;
    const auto descriptors = net::raise_descriptor_limit(needed);
    const auto limits = net::fit(wanted, descriptors, others);
    if (limits != wanted)
        telemetry::write_log(
            LogLevel::warning,
            "too few file descriptors for max_connections: set LimitNOFILE=" +
                std::to_string(needed) + " in the unit, or ulimit -n " + std::to_string(needed),
            {{"descriptors", std::to_string(descriptors)},
             {"max_connections", std::to_string(wanted.served)},
             {"effective", std::to_string(limits.served)}});
    return limits;
}

}  // namespace spoa::daemon
