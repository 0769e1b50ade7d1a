#include "haproxy_api/reconcile.hpp"

#include <algorithm>

namespace spoa::haproxy_api {
namespace {

bool is_over(const FenceMemory& memory, const ServerSeen& server, TimePoint now)
{
    const auto since = memory.resting.find(server.name);
    return since != memory.resting.end() && server.sessions == 0 &&
           now - since->second >= rest_after;
}

bool has_to_go(const ServerSeen& server, Wish wish, const FenceMemory& memory)
{
    return wish == Wish::maint ||
           (wish == Wish::idle && (server.sessions > 0 || memory.named.contains(server.name)));
}

}  // namespace

Wish wish_for(const ServerSeen& server, const BackendSeen& seen, const Wanted& wanted)
{
    const auto& [wishes, places] = wanted;
    if (const auto known = wishes.find(server.name); known != wishes.end())
        return placement_of(server, places) == Placement::elsewhere ? Wish::maint : known->second;
    const bool any_known = std::ranges::any_of(
        seen.servers, [&](const ServerSeen& each) { return wanted.wishes.contains(each.name); });
    return any_known ? Wish::maint : Wish::leave;
}

Plan reconcile(
    const BackendSeen& seen, const Wanted& wanted, const FenceMemory& memory, TimePoint now)
{
    Plan plan;
    std::set<std::string> ours;  // when the plan is carried out
    for (const auto& server : seen.servers) {
        const auto wish = wish_for(server, seen, wanted);
        const bool is_ours = server.maint && (seen.marked.contains(server.name) ||
                                              memory.ours.contains(server.name));
        const bool may_rest = wish == Wish::idle || wish == Wish::leave;
        if (is_ours && (wish == Wish::ready || (may_rest && is_over(memory, server, now)))) {
            plan.ready.push_back(server.name);
            continue;
        }
        if (!server.maint && has_to_go(server, wish, memory)) {
            plan.maint.push_back(server.name);
            ours.insert(server.name);
        } else if (
            server.maint && server.sessions > 0 && (wish == Wish::maint || wish == Wish::idle)) {
            plan.cut.push_back(server.name);
        }
        if (is_ours)
            ours.insert(server.name);
        if (const auto address = move_of(server, wanted.places);
            address && server.maint && server.sessions == 0)
            plan.move.emplace(server.name, *address);
    }
    if (ours != seen.marked)
        plan.mark = std::move(ours);
    return plan;
}

}  // namespace spoa::haproxy_api
