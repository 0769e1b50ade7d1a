#include "daemon/fences.hpp"

#include "haproxy_api/wish.hpp"
#include "verdict/doubt.hpp"

#include <algorithm>

namespace spoa::daemon {

Fences::Fences(
    const boost::asio::any_io_executor& executor, const config::Config& config,
    telemetry::Metrics& metrics)
{
    for (const auto& each : config.haproxies) {
        auto& haproxy =
            haproxies_.emplace_back(executor, each.runtime_api, metrics, haproxies_.size());
        for (const auto& [backend, master_name] : each.backends) {
            const auto master =
                std::ranges::find(config.masters, master_name, &config::Master::name);
            const auto place = static_cast<std::size_t>(master - config.masters.begin());
            haproxy.add_backend(backend, place, master_name);
            haproxy_api::Wishes unknown_yet;
            for (const auto& server : master->servers)
                unknown_yet[server.name] = haproxy_api::Wish::leave;
            haproxy.want(place, unknown_yet);
        }
    }
}

void Fences::start(net::TaskGroup& tasks)
{
    for (auto& haproxy : haproxies_)
        haproxy.start(tasks);
}

haproxy_api::Wishes wishes_for(const verdict::Watch& watch, verdict::TimePoint now)
{
    haproxy_api::Situation situation{watch.verdict(), {}, false};
    if (const auto& promotion = watch.promotion())
        situation.candidate = promotion->candidate;
    situation.unasked = now < watch.standing().in_force_since + verdict::probe_deadline;
    return haproxy_api::wishes_of(situation, watch.subject().servers);
}

void Fences::want(std::size_t place, const haproxy_api::Wishes& wishes)
{
    for (auto& haproxy : haproxies_)
        haproxy.want(place, wishes);
}

std::optional<bool> Fences::is_out(std::size_t place, const std::string& server) const
{
    std::optional<bool> out;
    for (const auto& haproxy : haproxies_)
        if (const auto one = haproxy.is_out(place, server))
            out = out.value_or(true) && *one;
    return out;
}

std::vector<telemetry::HaproxyReport> Fences::reports() const
{
    std::vector<telemetry::HaproxyReport> out;
    for (const auto& haproxy : haproxies_)
        out.push_back(haproxy.report());
    return out;
}

}  // namespace spoa::daemon
