#include "haproxy_api/fence.hpp"

#include <algorithm>
#include <utility>

namespace spoa::haproxy_api {

bool Fence::want(Wishes wishes, TimePoint now)
{
    if (wishes == wishes_)
        return false;
    wishes_ = std::move(wishes);
    decided_ = now;
    due_ = std::min(due_, now);
    return true;
}

Commands Fence::begin(TimePoint now)
{
    due_ = now + look_period;
    Commands commands{backend_, {}, {}, {}};
    if (!seen_)
        return commands;
    commands.id = seen_->id;
    plan_ = reconcile(*seen_, wishes_, ours_);
    telling_ = std::exchange(decided_, std::nullopt);
    for (auto& server : std::exchange(cut_again_, {}))
        if (wish(server) == Wish::maint && std::ranges::count(plan_.cut, server) == 0)
            plan_.cut.push_back(std::move(server));

    for (const auto& server : plan_.ready)
        commands.opening.push_back(make_ready(backend_, server));
    // Before the maintenance: without its mark that would look like an operator's.
    if (plan_.mark)
        commands.closing.push_back(write_mark(backend_, *plan_.mark));
    for (const auto& server : plan_.maint)
        commands.closing.push_back(make_maint(backend_, server));
    for (const auto& server : plan_.cut)
        commands.closing.push_back(end_sessions(backend_, server));
    return commands;
}

std::vector<Fence::Fenced> Fence::take(const BackendSeen& seen, TimePoint now)
{
    const auto done = std::exchange(plan_, {});
    const bool first_look = !seen_;
    std::vector<Fenced> fenced;
    for (const auto& name : done.maint) {
        const auto* const server = seen.find(name);
        if (!server || !server->maint)
            continue;
        ours_.insert(name);
        fenced.push_back({name, server->sessions, {}});
        if (telling_)
            fenced.back().took = now - *telling_;
    }
    telling_.reset();
    for (const auto& name : seen.marked)
        ours_.insert(name);
    std::erase_if(ours_, [&](const std::string& name) {
        const auto* const server = seen.find(name);
        return !server || !server->maint;
    });
    seen_ = seen;
    cut_again_ = done.maint;

    const auto left = reconcile(seen, wishes_, ours_);
    if (first_look && !left.empty())
        due_ = now;
    else if (!cut_again_.empty())
        due_ = std::min(due_, now + cut_again_after);
    else if (!left.empty())
        due_ = std::min(due_, now + not_yet_period);
    return fenced;
}

void Fence::lose(TimePoint retry)
{
    due_ = retry;
    if (!decided_)
        decided_ = telling_;
    telling_.reset();
    seen_.reset();
    ours_.clear();
    cut_again_.clear();
    plan_ = {};
}

Wish Fence::wish(const std::string& server) const
{
    return seen_ ? wish_for(server, *seen_, wishes_) : Wish::leave;
}

bool Fence::is_out(const std::string& server) const
{
    if (!seen_)
        return false;
    const auto* const seen = seen_->find(server);
    return !seen || (seen->maint && seen->sessions == 0);
}

std::vector<std::string> Fence::warnings() const
{
    std::vector<std::string> out;
    if (!seen_)
        return out;
    const bool any_known = std::ranges::any_of(
        seen_->servers, [&](const ServerSeen& each) { return wishes_.contains(each.name); });
    if (!any_known)
        return {
            "backend " + backend_ +
            " has no server that `servers:` of its name has: it is left as it is"};
    for (const auto& server : seen_->servers) {
        const auto place = "server " + backend_ + '/' + server.name;
        if (!wishes_.contains(server.name))
            out.push_back(place + " is not in `servers:` of its name: it is kept in maintenance");
        else if (server.maint && wish(server.name) == Wish::ready && !is_ours(server.name))
            out.push_back(
                place +
                " should be used, and an operator has put it into maintenance: connections are "
                "refused until he sets it ready");
    }
    return out;
}

}  // namespace spoa::haproxy_api
