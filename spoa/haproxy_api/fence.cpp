#include "haproxy_api/fence.hpp"

#include <algorithm>
#include <utility>

namespace spoa::haproxy_api {

namespace {

bool is_among(const std::vector<std::string>& some, const std::vector<std::string>& all)
{
    return std::ranges::all_of(
        some, [&](const std::string& name) { return std::ranges::count(all, name) > 0; });
}

}  // namespace

bool Fence::want(Wishes wishes, TimePoint now)
{
    if (wishes == wanted_.wishes)
        return false;
    wanted_.wishes = std::move(wishes);
    for (const auto& [server, wish] : wanted_.wishes)
        if (wish == Wish::ready)
            memory_.named.insert(server);
    decided_ = now;
    due_ = std::min(due_, now);
    return true;
}

bool Fence::expect(Places places, TimePoint now)
{
    if (places == wanted_.places)
        return false;
    wanted_.places = std::move(places);
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
    plan_ = reconcile(*seen_, wanted_, memory_, now);
    telling_ = std::exchange(decided_, std::nullopt);
    time_cuts(now);

    for (const auto& server : plan_.ready)
        commands.opening.push_back(make_ready(backend_, server));
    // Before the maintenance: without its mark that would look like an operator's.
    if (plan_.mark)
        commands.closing.push_back(write_mark(backend_, *plan_.mark));
    for (const auto& server : plan_.maint)
        commands.closing.push_back(make_maint(backend_, server));
    for (const auto& server : plan_.cut)
        commands.closing.push_back(end_sessions(backend_, server));
    for (const auto& [server, address] : plan_.move)
        commands.closing.push_back(move_server(backend_, server, address));
    return commands;
}

// Of what the plan cuts, leaves out what it is too early for, and adds what is due once more.
void Fence::time_cuts(TimePoint now)
{
    std::erase_if(plan_.cut, [&](const std::string& name) {
        const auto fenced = fenced_.find(name);
        return fenced != fenced_.end() && now - fenced->second < cut_after;
    });
    std::erase_if(fenced_, [&](const auto& each) {
        const auto& [name, at] = each;
        if (now - at < cut_again_after)
            return false;
        const auto* const server = seen_->find(name);
        const bool still = server && (wish(*server) == Wish::maint || wish(*server) == Wish::idle);
        if (still && std::ranges::count(plan_.cut, name) == 0)
            plan_.cut.push_back(name);
        return true;
    });
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
        memory_.ours.insert(name);
        fenced_[name] = now;
        const bool stray =
            wish_for(*server, seen, wanted_) == Wish::idle && !memory_.named.contains(name);
        fenced.push_back({name, server->sessions, {}, stray});
        if (telling_)
            fenced.back().took = now - *telling_;
    }
    telling_.reset();
    remember(seen, done, now);
    seen_ = seen;
    last_seen_.reset();
    lacking_ = false;

    looked_at_ = now;
    const auto left = reconcile(seen, wanted_, memory_, now);
    if (left.empty()) {
        decided_.reset();
        unsettled_since_.reset();
    } else if (!unsettled_since_) {
        unsettled_since_ = now;
    }
    const bool untried = !is_among(left.maint, done.maint) || !is_among(left.ready, done.ready);
    if ((first_look && !left.empty()) || untried || !left.move.empty())
        due_ = std::min(due_, now);
    else if (!left.empty() && fenced_.empty())
        due_ = std::min(due_, now + not_yet_period);
    for (const auto& [name, at] : fenced_) {
        const bool cut = now < at + cut_after && std::ranges::count(left.cut, name) > 0;
        due_ = std::min(due_, at + (cut ? cut_after : cut_again_after));
    }
    return fenced;
}

void Fence::remember(const BackendSeen& seen, const Plan& done, TimePoint now)
{
    auto& [ours, named, resting] = memory_;
    const auto is_in_maint = [&](const std::string& name) {
        const auto* const server = seen.find(name);
        return server && server->maint;
    };
    for (const auto& name : done.ready)
        if (const auto* const server = seen.find(name);
            server && !server->maint && resting.contains(name))
            named.erase(name);
    // Somebody who fences beside us, as HAProxy's own Lua, may end the rest a moment earlier.
    for (const auto& [name, since] : resting)
        if (!is_in_maint(name) && now - since >= rest_after - look_period)
            named.erase(name);
    ours.insert(seen.marked.begin(), seen.marked.end());
    std::erase_if(ours, [&](const std::string& name) { return !is_in_maint(name); });
    std::erase_if(resting, [&](const auto& each) { return !memory_.ours.contains(each.first); });
    for (const auto& server : seen.servers) {
        const auto wish = wish_for(server, seen, wanted_);
        if (wish == Wish::idle && ours.contains(server.name))
            resting.emplace(server.name, now);
        else if (wish == Wish::ready || wish == Wish::maint)
            resting.erase(server.name);
    }
}

void Fence::lose(TimePoint now, TimePoint retry)
{
    due_ = retry;
    if (!decided_)
        decided_ = telling_;
    telling_.reset();
    if (decided_ && !unsettled_since_)
        unsettled_since_ = now;
    if (seen_)
        last_seen_ = std::exchange(seen_, std::nullopt);
    memory_.ours.clear();
    memory_.resting.clear();
    fenced_.clear();
    plan_ = {};
}

void Fence::lack(TimePoint now)
{
    lose(now, now + look_period);
    last_seen_.reset();
    lacking_ = true;
}

Wish Fence::wish(const ServerSeen& server) const
{
    return seen_ ? wish_for(server, *seen_, wanted_) : Wish::leave;
}

bool Fence::is_moving(const ServerSeen& server) const
{
    const bool in_time = !unsettled_since_ || looked_at_ - *unsettled_since_ <= settle_limit;
    return seen_ && in_time && move_of(server, wanted_.places).has_value();
}

bool Fence::is_out(const std::string& server) const
{
    if (!seen_)
        return false;
    const auto* const seen = seen_->find(server);
    return !seen || ((seen->maint || !memory_.named.contains(server)) && seen->sessions == 0);
}

std::optional<bool> Fence::lets_in(const std::string& server) const
{
    const auto* const seen = last_seen() ? last_seen()->find(server) : nullptr;
    if (!seen)
        return std::nullopt;
    return !seen->maint;
}

std::set<std::string> Fence::not_out_yet() const
{
    std::set<std::string> out;
    for (const auto& [server, wish] : wanted_.wishes)
        if ((wish == Wish::maint || wish == Wish::idle) && memory_.named.contains(server) &&
            !lacking_ && !(last_seen() && !last_seen()->find(server)) && !is_out(server))
            out.insert(server);
    return out;
}

}  // namespace spoa::haproxy_api
