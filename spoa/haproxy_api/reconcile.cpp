#include "haproxy_api/reconcile.hpp"

#include <algorithm>

namespace spoa::haproxy_api {

Wish wish_for(const std::string& server, const BackendSeen& seen, const Wishes& wishes)
{
    if (const auto known = wishes.find(server); known != wishes.end())
        return known->second;
    const bool any_known = std::ranges::any_of(
        seen.servers, [&](const ServerSeen& each) { return wishes.contains(each.name); });
    return any_known ? Wish::maint : Wish::leave;
}

Plan reconcile(
    const BackendSeen& seen, const Wishes& wishes, const std::set<std::string>& remembered)
{
    Plan plan;
    std::set<std::string> ours;  // when the plan is carried out
    for (const auto& server : seen.servers) {
        const auto wish = wish_for(server.name, seen, wishes);
        const bool is_ours =
            server.maint && (seen.marked.contains(server.name) || remembered.contains(server.name));
        if (wish == Wish::ready && is_ours) {
            plan.ready.push_back(server.name);
            continue;
        }
        if (wish == Wish::maint && !server.maint)
            plan.maint.push_back(server.name);
        else if (wish == Wish::maint && server.sessions > 0)
            plan.cut.push_back(server.name);
        if (is_ours || (wish == Wish::maint && !server.maint))
            ours.insert(server.name);
    }
    if (ours != seen.marked)
        plan.mark = std::move(ours);
    return plan;
}

}  // namespace spoa::haproxy_api
