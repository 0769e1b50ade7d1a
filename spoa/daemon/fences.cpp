#include "daemon/fences.hpp"

#include "haproxy_api/wish.hpp"
#include "verdict/doubt.hpp"

#include <algorithm>

namespace spoa::daemon {

Fences::Haproxy::Haproxy(
    const boost::asio::any_io_executor& executor, const config::Haproxy& config,
    telemetry::Metrics& metrics, std::size_t& places)
    : runtime_api(executor, config.runtime_api, metrics, places++)
{
    if (config.master_cli)
        old_workers.emplace(executor, *config.master_cli, metrics, places++);
}

Fences::Fences(
    const boost::asio::any_io_executor& executor, const config::Config& config,
    telemetry::Metrics& metrics)
{
    std::size_t sockets = 0;
    for (const auto& each : config.haproxies) {
        auto& haproxy = haproxies_.emplace_back(executor, each, metrics, sockets);
        for (const auto& [backend, master_name] : each.backends) {
            const auto master =
                std::ranges::find(config.masters, master_name, &config::Master::name);
            const auto place = static_cast<std::size_t>(master - config.masters.begin());
            haproxy.runtime_api.add_backend(backend, place, master_name);
            if (haproxy.old_workers)
                haproxy.old_workers->add_backend(backend, place);
            haproxy_api::Wishes unknown_yet;
            for (const auto& server : master->servers)
                unknown_yet[server.name] = haproxy_api::Wish::leave;
            want(place, unknown_yet);
        }
    }
}

void Fences::start(net::TaskGroup& tasks)
{
    for (auto& haproxy : haproxies_) {
        haproxy.runtime_api.start(tasks);
        if (haproxy.old_workers)
            haproxy.old_workers->start(tasks);
    }
}

void Fences::want(std::size_t name, const haproxy_api::Wishes& wishes)
{
    for (auto& haproxy : haproxies_) {
        haproxy.runtime_api.want(name, wishes);
        if (haproxy.old_workers)
            haproxy.old_workers->want(name, wishes);
    }
}

haproxy_api::Wishes wishes_for(const verdict::Watch& watch, verdict::TimePoint now)
{
    haproxy_api::Situation situation{watch.verdict(), {}, false};
    if (const auto& promotion = watch.promotion())
        situation.candidate = promotion->candidate;
    situation.unasked = now < watch.standing().in_force_since + verdict::probe_deadline;
    return haproxy_api::wishes_of(situation, watch.subject().servers);
}

std::optional<bool> Fences::is_out(std::size_t place, const std::string& server) const
{
    std::optional<bool> out;
    for (const auto& haproxy : haproxies_)
        if (const auto one = haproxy.runtime_api.is_out(place, server))
            out = out.value_or(true) && *one &&
                  (!haproxy.old_workers || haproxy.old_workers->is_settled());
    return out;
}

std::vector<telemetry::HaproxyReport> Fences::reports() const
{
    std::vector<telemetry::HaproxyReport> out;
    for (const auto& haproxy : haproxies_) {
        auto& report = out.emplace_back(haproxy.runtime_api.report());
        if (haproxy.old_workers)
            report.old_workers = haproxy.old_workers->report();
    }
    return out;
}

}  // namespace spoa::daemon
