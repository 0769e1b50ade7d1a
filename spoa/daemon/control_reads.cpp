// Reads: who serves them, as the workers, the log and the metrics are told.
#include "daemon/control.hpp"
#include "telemetry/log.hpp"

#include <algorithm>

namespace spoa::daemon {

// What the workers answer about a name from now on. `reads` keeps what the update refers to.
agent::Update Control::update_of(std::size_t name, std::deque<agent::ReadUpdate>& reads)
{
    const auto& watch = names_[name].watch;
    agent::Update update{
        name,
        &watch.verdict(),
        watch.subject().policy.wait,
        watch.since(),
        nullptr,
        names_[name].held_back,
        [this](const Endpoint& endpoint) { return hosts_.canonical(endpoint); }};
    if (const auto& policy = watch.subject().replicas) {
        const auto& set = names_[name].replicas.reads();
        agent::ReadCounters counters{
            {},
            metrics_.read_counter(name, watch.verdict().server),
            metrics_.read_counter(name, "")};
        for (const auto& target : set.targets)
            counters.targets.push_back(metrics_.read_counter(name, target.server.name));
        reads.push_back({set, policy->fallback, std::move(counters)});
        update.reads = &reads.back();
    }
    return update;
}

// One line for all replicas of the name whose fitness is new.
void Control::log_reads(std::size_t name, verdict::TimePoint now) const
{
    const auto& replicas = names_[name].replicas;
    std::string news;
    for (const auto& replica : replicas.replicas())
        if (replica.since == now)
            news += (news.empty() ? "" : ", ") + replica.server.name + " " + words_for(replica);
    std::string targets;
    for (const auto& target : replicas.reads().targets)
        targets += (targets.empty() ? "" : " ") + target.server.name;
    const auto& master_name = names_[name].watch.subject().name;
    telemetry::write_repeating(
        targets.empty() ? LogLevel::warning : LogLevel::info,
        master_name + ": reads go to " + (targets.empty() ? "no replica" : targets),
        {{"name", master_name}, {"news", news}, {"reason", replicas.reads().reason}});
}

// Tells the HAProxies how the servers should be in their backends for reads. True when that is
// not as it was.
bool Control::fence_reads(std::size_t place, verdict::TimePoint now)
{
    auto& name = names_[place];
    const auto& policy = name.watch.subject().replicas;
    if (!policy)
        return false;
    const auto before = name.read_wishes.wishes();
    name.read_wishes.follow(
        {name.watch.verdict(), name.replicas.replicas(), name.replicas.reads(), *policy}, now);
    fences_.want_reads(place, name.read_wishes);
    return name.read_wishes.wishes() != before;
}

// When something about the name changes by itself, if nothing is heard.
std::optional<verdict::TimePoint> Control::look_again(std::size_t name) const
{
    std::optional<verdict::TimePoint> first;
    const auto& held = names_[name].held_since;
    const auto& who = names_[name].asked_who_at;
    for (const auto& each :
         {held ? std::optional(*held + release_limit) : std::nullopt,
          held && who ? std::optional(*who + who_period) : std::nullopt,
          names_[name].watch.look_again(),
          names_[name].replicas.look_again(),
          names_[name].read_wishes.look_again()})
        if (each)
            first = std::min(first.value_or(*each), *each);
    return first;
}

std::vector<telemetry::ReadReport> Control::reads() const
{
    std::vector<telemetry::ReadReport> out;
    const auto now = telemetry::Moment::now().steady;
    for (const auto place : order_)
        if (const auto& name = names_[place]; name.watch.subject().replicas)
            out.push_back({name.watch.subject().name, name.replicas, now});
    return out;
}

}  // namespace spoa::daemon
