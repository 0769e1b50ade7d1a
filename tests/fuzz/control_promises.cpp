// What must hold whatever anybody says.
#include "fuzz/control_world.hpp"
#include "fuzz/promise.hpp"
#include "verdict/warnings.hpp"

#include <algorithm>
#include <map>

namespace spoa::fuzz {
namespace {

bool is_plain(const std::string& text)
{
    return std::ranges::none_of(text, [](unsigned char c) { return c < ' ' || c == 127; });
}

}  // namespace

// How many Sentinels name it at this moment: each once, by what it said last, unless that is old.
std::size_t ControlWorld::count_for(const Endpoint& address) const
{
    std::map<std::string, const sentinel::Vote*> last;
    for (std::size_t i = 0; i < peers_.size(); ++i) {
        const auto& cast = peers_[i].cast;
        if (!cast || now_ - cast->answered_at > watch().subject().vote_ttl)
            continue;
        const auto id = cast->sentinel_id.empty() ? std::to_string(i) : cast->sentinel_id.raw();
        auto& kept = last[id];
        if (!kept || cast->answered_at > kept->answered_at)
            kept = &*cast;
    }
    return static_cast<std::size_t>(std::ranges::count_if(
        last, [&](const auto& each) { return each.second->address == address; }));
}

void ControlWorld::check_verdict(const std::optional<Endpoint>& before)
{
    const auto& verdict = watch().verdict();
    const auto& servers = watch().subject().servers;
    expect(is_plain(verdict.reason), "a reason is fit for a log line");
    expect(verdict.sentinels == peers_.size(), "the Sentinels are those of the configuration");
    if (verdict.address)
        expect(named_.contains(*verdict.address), "nothing is named that no majority has named");
    if (const auto& current = watch().standing().current; current && current != before)
        expect(
            count_for(*current) > peers_.size() / 2,
            "the master moves only where a majority names it at that moment");
    if (!verdict.open)
        return;
    expect(verdict.address.has_value(), "an open gate leads somewhere");
    const auto& process = watch().standing().process;
    expect(!process.other && !process.gone_since, "an open gate leads to whom the Sentinels know");
    const auto server = std::ranges::find(servers, verdict.server, &verdict::Server::name);
    expect(
        server != servers.end() && server->address == *verdict.address,
        "a name that is given is that of the master's server");
}

void ControlWorld::check_reads() const
{
    const auto& servers = watch().subject().servers;
    const auto& reads = name().replicas.reads();
    expect(watch().subject().replicas || reads.targets.empty(), "no reads where there are none");
    for (const auto& target : reads.targets) {
        expect(std::ranges::count(servers, target.server) == 1, "reads go to configured servers");
        expect(target.weight > 0, "reads go to servers that have a weight");
        expect(
            watch().verdict().address != target.server.address,
            "the master in force is no replica");
    }
    expect(is_plain(reads.reason), "the reason for no reads is fit for a log line");
    expect(
        !watch().subject().replicas || !reads.targets.empty() || !reads.reason.empty(),
        "no reads have a reason");
}

void ControlWorld::check_wishes() const
{
    const auto& verdict = watch().verdict();
    for (const auto& [server, wish] : name().wishes) {
        expect(
            std::ranges::count(watch().subject().servers, server, &verdict::Server::name) == 1,
            "wishes are about configured servers");
        if (verdict.open && server == verdict.server)
            expect(wish == haproxy_api::Wish::ready, "the master of an open gate is ready");
    }
}

void ControlWorld::check_memory() const
{
    constexpr std::size_t few = 64;
    expect(watch().history().size() <= verdict::Watch::history_size, "the history is bounded");
    expect(
        name().course.failovers().size() <= verdict::Course::history_size + 1,  // and one under way
        "the failovers are bounded");
    expect(watch().standing().tombstones.size() <= few, "former masters are forgotten");
    expect(watch().probes().size() < nodes, "only nodes that are configured are remembered");
    for (const auto& probe : watch().probes())
        expect(probe.replicas.size() <= node::most_listed, "the list of a master is bounded");
    for (const auto& ballot : watch().ballots())
        if (ballot)
            expect(
                ballot->promotable.size() <= few && ballot->monitored.size() <= few,
                "a vote is bounded");
}

// What people and metrics are told.
void ControlWorld::look() const
{
    std::vector<std::string> sentinels(peers_.size(), "s:26379");
    for (const auto& warning : verdict::warnings_of(watch(), sentinels, now_))
        expect(!warning.empty() && is_plain(warning), "a warning is a sentence");
    (void)verdict::unmapped_replicas(watch());
    (void)verdict::nodes_claiming_master(watch().probes(), now_);
    for (const auto& probe : watch().probes())
        (void)verdict::lag_of(watch(), probe);
    (void)verdict::way_out(watch().verdict());
    for (const auto& replica : name().replicas.replicas())
        expect(!words_for(replica).empty(), "every fitness has words");
    (void)name().replicas.knows_all();
    for (const auto& failover : name().course.failovers())
        (void)verdict::cause_of(failover);
    for (const auto& change : watch().history())
        (void)change.notable();
    for (const auto& backend : backends_) {
        const std::array<const haproxy_api::Fence*, 1> fences{&backend.fence};
        for (const auto& problem : haproxy_api::problems_of(backend.fence))
            expect(!problem.empty(), "a problem is a sentence");
        const auto delivery =
            haproxy_api::delivery_of(watch().verdict(), fences, backend.trouble, now_);
        for (const auto& obstacle : delivery.obstacles)
            expect(!obstacle.empty(), "an obstacle is a sentence");
        (void)haproxy_api::readiness_of(watch().verdict().server, fences, backend.trouble.empty());
        (void)backend.fence.not_out_yet();
        if (backend.fence.seen())
            for (const auto& server : backend.fence.seen()->servers)
                (void)haproxy_api::word_for(backend.fence.wish(server));
    }
}

}  // namespace spoa::fuzz
