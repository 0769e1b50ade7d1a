#include "daemon/fences.hpp"

#include "haproxy_api/wish.hpp"
#include "verdict/doubt.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace spoa::daemon {

Fences::Haproxy::Haproxy(
    const boost::asio::any_io_executor& executor, const config::Haproxy& config,
    telemetry::HaproxyMetrics& metrics, RuntimeApi::OnTurn on_turn)
    : configured(config), runtime_api(executor, config.runtime_api, metrics, std::move(on_turn))
{
    if (config.master_cli)
        old_workers.emplace(executor, *config.master_cli, metrics);
    if (std::ranges::count(config.backends, true, &config::Haproxy::Backend::reads) > 0)
        drains.emplace(executor, config.runtime_api);
}

void Fences::Haproxy::start(net::TaskGroup& group)
{
    tasks.push_back(runtime_api.start(group));
    if (old_workers)
        tasks.push_back(old_workers->start(group));
    if (drains)
        tasks.push_back(drains->start(group));
}

void Fences::configure(
    const std::vector<config::Haproxy>& haproxies, const Places& places, Ending& ending)
{
    auto before = std::exchange(haproxies_, {});
    for (const auto& each : haproxies) {
        const auto same = std::ranges::find_if(
            before, [&](const auto& old) { return old && old->configured == each; });
        if (same != before.end()) {
            haproxies_.push_back(std::exchange(*same, nullptr));
            continue;
        }
        auto& haproxy = *haproxies_.emplace_back(
            std::make_shared<Haproxy>(executor_, each, metrics_, on_turn_));
        for (const auto& [backend, master_name, reads] : each.backends) {
            const auto place = places(master_name);
            haproxy.runtime_api.add_backend(backend, place, master_name, reads);
            if (haproxy.old_workers)
                haproxy.old_workers->add_backend(backend, place, reads);
            if (reads)
                haproxy.drains->add_backend(backend, place);
        }
        if (tasks_)
            haproxy.start(*tasks_);
    }
    for (auto& old : before)
        if (old)
            ending.add(old, old->tasks);
}

void Fences::start(net::TaskGroup& tasks)
{
    tasks_ = &tasks;
    for (const auto& haproxy : haproxies_)
        haproxy->start(tasks);
}

void Fences::want(std::size_t name, const haproxy_api::Wishes& wishes)
{
    for (const auto& haproxy : haproxies_) {
        haproxy->runtime_api.want(name, false, wishes);
        if (haproxy->old_workers)
            haproxy->old_workers->want(name, false, wishes);
    }
}

void Fences::want_reads(std::size_t name, const haproxy_api::ReadWishes& wishes)
{
    for (const auto& haproxy : haproxies_) {
        haproxy->runtime_api.want(name, true, wishes.wishes());
        if (haproxy->old_workers)
            haproxy->old_workers->want(name, true, wishes.wishes());
        if (haproxy->drains)
            haproxy->drains->want(name, wishes.drains());
    }
}

void Fences::expect(std::size_t name, const haproxy_api::Places& places)
{
    for (const auto& haproxy : haproxies_)
        haproxy->runtime_api.expect(name, places);
}

telemetry::DeliveryReport Fences::delivery(std::size_t name, const verdict::Verdict& verdict) const
{
    telemetry::DeliveryReport out;
    for (const auto& haproxy : haproxies_)
        if (auto one = haproxy->runtime_api.delivery(name, verdict)) {
            std::ranges::move(one->obstacles, std::back_inserter(out.obstacles));
            std::ranges::move(one->problems, std::back_inserter(out.problems));
            if (!one->trouble.empty())
                out.troubles.push_back(std::move(one->trouble));
        }
    return out;
}

haproxy_api::Readiness Fences::readiness(std::size_t name, const std::string& server) const
{
    using haproxy_api::Readiness;
    auto out = Readiness::ready;
    for (const auto& haproxy : haproxies_) {
        const auto one = haproxy->runtime_api.readiness(name, server);
        if (one == Readiness::not_yet)
            return one;
        if (one == Readiness::unknown)
            out = one;
    }
    return out;
}

std::vector<verdict::Misplaced> Fences::misplaced(std::size_t name, bool reads) const
{
    std::map<std::string, std::string> all;
    for (const auto& haproxy : haproxies_)
        all.merge(haproxy->runtime_api.misplaced(name, reads));
    std::vector<verdict::Misplaced> out;
    for (auto& [server, why] : all)
        out.push_back({server, std::move(why)});
    return out;
}

haproxy_api::Wishes wishes_for(const verdict::Watch& watch, verdict::TimePoint now)
{
    haproxy_api::Situation situation{watch.verdict(), {}, false, false};
    if (const auto promotion = watch.promotion())
        situation.candidate = promotion->candidate;
    situation.unasked = now < watch.standing().in_force_since + verdict::probe_deadline;
    situation.gone = watch.standing().process.gone_since.has_value();
    return haproxy_api::wishes_of(situation, watch.subject().servers);
}

std::optional<bool> Fences::is_out(std::size_t place, const std::string& server) const
{
    std::optional<bool> out;
    for (const auto& haproxy : haproxies_)
        if (const auto one = haproxy->runtime_api.is_out(place, server))
            out = out.value_or(true) && *one &&
                  (!haproxy->old_workers || haproxy->old_workers->is_settled());
    return out;
}

std::vector<telemetry::HaproxyReport> Fences::reports() const
{
    std::vector<telemetry::HaproxyReport> out;
    for (const auto& haproxy : haproxies_) {
        auto& report = out.emplace_back(haproxy->runtime_api.report());
        if (haproxy->old_workers)
            report.old_workers = haproxy->old_workers->report();
    }
    return out;
}

}  // namespace spoa::daemon
