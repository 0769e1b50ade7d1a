#include "haproxy_api/delivery.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace spoa::haproxy_api {
namespace {

std::string place_of(const Fence& fence, const std::string& server)
{
    return "server " + fence.backend() + '/' + shown_name(server);
}

// Why no connection gets to the server, as a sentence; empty when nothing is in the way but what
// the agent itself does.
std::string obstacle_at(const Fence& fence, const ServerSeen& server)
{
    const auto place = place_of(fence, server.name);
    if (fence.is_moving(server))
        return {};
    if (server.maint && !fence.is_ours(server.name))
        return place +
               " is in maintenance, by an operator or by a saved state "
               "(load-server-state-from-file): write `set server " +
               fence.backend() + '/' + shown_name(server.name) + " state ready` to its runtime API";
    if (server.other && !server.address)
        return place +
               " has no address: HAProxy could not look up its host name, and takes none from the "
               "agent then; write `init-addr last,libc,192.0.2.1` on its line and reload";
    if (server.other)
        return place + " is in maintenance with the server that it tracks";
    if (server.stopped)
        return place +
               " is DOWN by HAProxy's own check: see what the check asks, or take `check` off its "
               "line, as the verdict says who is master";
    // With others in the backend, a rule picks it.
    if (server.unbalanced && fence.seen()->servers.size() == 1)
        return place +
               " is alone in its backend and drained, or its weight was set to 0: write `set server " +
               fence.backend() + '/' + shown_name(server.name) + " state ready`, and `weight 100%`";
    return {};
}

std::string stranger_in(const Fence& fence, const ServerSeen& server)
{
    return place_of(fence, server.name) +
           " is not in `servers:` of its name: it is kept in maintenance";
}

bool is_known(const Fence& fence, const std::string& server)
{
    return fence.wanted().wishes.contains(server);
}

bool knows_any(const Fence& fence)
{
    return std::ranges::any_of(fence.seen()->servers, [&](const ServerSeen& server) {
        return is_known(fence, server.name);
    });
}

std::string names_of(const std::set<std::string>& servers)
{
    std::string out;
    for (const auto& server : servers)
        out += (out.empty() ? "" : ", ") + shown_name(server);
    return out;
}

// The servers of the name that none of these backends has; none while one was not seen.
std::set<std::string> missing_in(std::span<const Fence* const> backends)
{
    std::set<std::string> missing;
    for (const auto* const fence : backends)
        for (const auto& [server, wish] : fence->wanted().wishes)
            missing.insert(server);
    for (const auto* const fence : backends) {
        if (fence->is_lacking())
            continue;
        if (!fence->seen())
            return {};
        for (const auto& server : fence->seen()->servers)
            missing.erase(server.name);
    }
    return missing;
}

// Sessions of a former master that may go on, as far as is known.
std::string sessions_left(
    std::span<const Fence* const> backends, const std::string& trouble, TimePoint now)
{
    std::set<std::string> servers;
    for (const auto* const fence : backends) {
        const auto since = fence->unsettled_since();
        if (since && (!trouble.empty() || now - *since > settle_limit))
            servers.merge(fence->not_out_yet());
    }
    return servers.empty()
               ? std::string()
               : "sessions on " + names_of(servers) + " may go on, although it is not the master";
}

// Why connections that the verdict sends to `server` do not get there.
std::string obstacle_to(
    const std::string& server, std::span<const Fence* const> backends, const std::string& trouble,
    TimePoint now)
{
    if (missing_in(backends).contains(server))
        return "no backend has a server " + server + ": add it to haproxy.cfg";
    for (const auto* const fence : backends) {
        if (fence->seen())
            if (const auto* const seen = fence->seen()->find(server))
                if (auto obstacle = obstacle_at(*fence, *seen); !obstacle.empty())
                    return obstacle;
        const auto since = fence->unsettled_since();
        const bool too_long = since && (!trouble.empty() || now - *since > settle_limit);
        if (fence->lets_in(server) == false && (too_long || !trouble.empty()))
            return place_of(*fence, server) + " is still in maintenance by the agent";
    }
    return {};
}

}  // namespace

std::vector<std::string> problems_of(const Fence& fence)
{
    std::vector<std::string> out;
    if (!fence.seen() || fence.wanted().wishes.empty())
        return out;
    if (!knows_any(fence))
        return {
            "backend " + fence.backend() +
            " has no server that `servers:` of its name has: it is left as it is"};
    for (const auto& server : fence.seen()->servers) {
        if (!is_known(fence, server.name)) {
            out.push_back(stranger_in(fence, server));
            continue;
        }
        if (auto wrong = complaint_about(server, fence.wanted().places);
            !wrong.empty() && !fence.is_moving(server))
            out.push_back(place_of(fence, server.name) + ' ' + wrong);
        if (auto obstacle = obstacle_at(fence, server); !obstacle.empty())
            out.push_back(std::move(obstacle));
    }
    return out;
}

Delivery delivery_of(
    const verdict::Verdict& verdict, std::span<const Fence* const> backends,
    const std::string& trouble, TimePoint now)
{
    Delivery out;
    if (verdict.open && !verdict.server.empty() && !backends.empty())
        if (auto obstacle = obstacle_to(verdict.server, backends, trouble, now); !obstacle.empty())
            out.obstacles.push_back(std::move(obstacle));
    if (auto left = sessions_left(backends, trouble, now); !left.empty())
        out.obstacles.push_back(std::move(left));
    out.trouble = trouble;
    auto missing = missing_in(backends);
    if (verdict.open)
        missing.erase(verdict.server);
    if (!missing.empty())
        out.problems.push_back(
            "no backend has a server " + names_of(missing) +
            ": a failover to it would refuse every connection; add it to haproxy.cfg");
    for (const auto* const fence : backends)
        for (auto& problem : problems_of(*fence))
            if (std::ranges::count(out.obstacles, problem) == 0)
                out.problems.push_back(std::move(problem));
    return out;
}

Readiness readiness_of(
    const std::string& server, std::span<const Fence* const> backends, bool answers)
{
    bool ready = false;
    for (const auto* const fence : backends) {
        if (!fence->last_seen() && !fence->is_lacking() && answers)
            return Readiness::not_yet;
        const auto* const seen = fence->seen() ? fence->seen()->find(server) : nullptr;
        if (seen && fence->is_moving(*seen))
            return Readiness::not_yet;
        if (seen && seen->maint && !fence->is_ours(server))
            return Readiness::unknown;
        if (fence->lets_in(server) == false)
            return Readiness::not_yet;
        ready = ready || fence->lets_in(server) == true;
    }
    return ready ? Readiness::ready : Readiness::unknown;
}

std::map<std::string, std::string> misplaced_in(std::span<const Fence* const> backends)
{
    std::map<std::string, std::string> out;
    for (const auto* const fence : backends)
        if (fence->last_seen())
            for (const auto& server : fence->last_seen()->servers)
                if (placement_of(server, fence->wanted().places) == Placement::elsewhere &&
                    !fence->is_moving(server))
                    out.emplace(
                        server.name,
                        place_of(*fence, server.name) + ' ' +
                            complaint_about(server, fence->wanted().places));
    return out;
}

}  // namespace spoa::haproxy_api
