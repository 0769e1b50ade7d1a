#include "haproxy_api/read_wish.hpp"

#include <algorithm>

namespace spoa::haproxy_api {
namespace {

using verdict::Fitness;

bool gets_reads(const ReadSituation& situation, const std::string& server)
{
    const auto& [verdict, replicas, set, policy] = situation;
    if (set.targets.empty())
        return policy.fallback == verdict::ReadFallback::master && verdict.open &&
               verdict.server == server;
    return std::ranges::any_of(set.targets, [&](const verdict::ReadTarget& target) {
        return target.server.name == server;
    });
}

// Whether it may keep the sessions that it has, though new ones go elsewhere.
bool may_stay(Fitness fitness)
{
    return fitness == Fitness::fresh || fitness == Fitness::kept || fitness == Fitness::unknown ||
           fitness == Fitness::unmeasured;
}

}  // namespace

void ReadWishes::follow(const ReadSituation& situation, TimePoint now)
{
    wishes_.clear();
    look_again_.reset();
    if (!situation.verdict.address)
        drains_.clear();
    for (const auto& replica : situation.replicas) {
        const auto& name = replica.server.name;
        auto& wish = wishes_[name];
        const bool serves = gets_reads(situation, name);
        if (serves || may_stay(replica.fitness) || !situation.verdict.address) {
            wish = serves ? Wish::ready : Wish::leave;
            drains_.erase(name);
            continue;
        }
        const auto& drain =
            drains_.emplace(name, Drain{now, now + situation.policy.drain}).first->second;
        if (now >= drain.until)
            wish = Wish::idle;
        else
            look_again_ = std::min(look_again_.value_or(drain.until), drain.until);
    }
    std::erase_if(drains_, [&](const auto& drain) { return !wishes_.contains(drain.first); });
}

std::uint64_t due_to_end(
    const Drain& drain, std::uint64_t at_first, std::uint64_t left,
    std::chrono::steady_clock::time_point now)
{
    if (now >= drain.until)
        return left;
    const auto whole = std::chrono::duration<double>(drain.until - drain.since);
    const auto remains = std::chrono::duration<double>(drain.until - now);
    const auto stay = static_cast<std::uint64_t>(static_cast<double>(at_first) * (remains / whole));
    return left > stay ? left - stay : 0;
}

}  // namespace spoa::haproxy_api
