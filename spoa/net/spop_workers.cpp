#include "net/spop_workers.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace spoa::net {

SpopWorkers::SpopWorkers(
    unsigned threads, const std::shared_ptr<const agent::Snapshot>& first,
    std::chrono::steady_clock::duration snapshot_limit, SessionLimits session_limits,
    ConnectionLimits connection_limits, const std::function<void(std::string)>& on_failure)
    : limits_(connection_limits)
{
    const auto most_waiting = std::max<std::size_t>(connection_limits.waiting / threads, 1);
    for (unsigned i = 0; i < threads; ++i)
        workers_.emplace_back(
            first, snapshot_limit, session_limits, seats_, most_waiting, on_failure);
}

void SpopWorkers::set_limits(
    std::chrono::steady_clock::duration snapshot_limit, SessionLimits session_limits,
    ConnectionLimits connection_limits)
{
    limits_ = connection_limits;
    seats_.resize(connection_limits.served);
    for (auto& worker : workers_)
        worker.set_limits(
            snapshot_limit,
            session_limits,
            std::max<std::size_t>(connection_limits.waiting / workers_.size(), 1));
}

Taker SpopWorkers::next()
{
    if (is_full())
        return {};
    return [this](Descriptor connection) { serve(std::move(connection)); };
}

void SpopWorkers::go_on(Descriptor connection, agent::HandOver state)
{
    serve(std::move(connection), std::make_unique<agent::HandOver>(std::move(state)));
}

void SpopWorkers::serve(Descriptor connection, std::unique_ptr<agent::HandOver> before)
{
    const auto least = std::ranges::min_element(workers_, {}, &SpopWorker::load);
    least->serve(std::move(connection), std::move(before));
    workers_.splice(workers_.end(), workers_, least);
}

void SpopWorkers::publish(const std::shared_ptr<const agent::Snapshot>& snapshot)
{
    for (auto& worker : workers_)
        worker.publish(snapshot);
}

bool SpopWorkers::all_turned()
{
    for (const auto& worker : workers_)
        if (worker.turns() <= turns_seen_[&worker])
            return false;
    for (const auto& worker : workers_)
        turns_seen_[&worker] = worker.turns();
    return true;
}

void SpopWorkers::stop(Heir heir)
{
    for (auto& worker : workers_)
        worker.stop(heir);
}

std::size_t SpopWorkers::open_connections() const
{
    std::size_t open = 0;
    for (const auto& worker : workers_)
        open += worker.load();
    return open;
}

std::uint64_t SpopWorkers::refused_connections() const
{
    constexpr auto overload = static_cast<std::size_t>(agent::SpopError::overload);
    std::uint64_t refused = 0;
    for (const auto& worker : workers_)
        refused += worker.tally().errors[overload].read();
    return refused;
}

std::uint64_t SpopWorkers::connections_sent(std::size_t name) const
{
    using verdict::State;
    std::uint64_t sent = 0;
    for (const auto& worker : workers_)
        for (const auto state : {State::ok, State::degraded, State::silent})
            sent += worker.tally().verdicts[name][static_cast<std::size_t>(state)].read();
    return sent;
}

std::vector<const agent::Tally*> SpopWorkers::tallies() const
{
    std::vector<const agent::Tally*> out;
    for (const auto& worker : workers_)
        out.push_back(&worker.tally());
    return out;
}

}  // namespace spoa::net
