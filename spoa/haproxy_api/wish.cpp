#include "haproxy_api/wish.hpp"

namespace spoa::haproxy_api {
namespace {

using verdict::State;

// Whether the state says who is master, or who should not be used as one.
bool tells(State state)
{
    switch (state) {
        case State::ok:
        case State::degraded:
        case State::isolated:
        case State::odown:
        case State::switching:
        case State::not_master: return true;
        case State::silent:
        case State::no_quorum:
        case State::conflict:
        case State::regress:
        case State::stale:
        case State::unknown_name: return false;
    }
    return false;
}

}  // namespace

std::string_view word_for(Wish wish)
{
    switch (wish) {
        case Wish::leave: return "leave";
        case Wish::ready: return "ready";
        case Wish::maint: return "maint";
    }
    return {};
}

Wishes wishes_of(const Situation& situation, std::span<const verdict::Server> servers)
{
    const auto& [verdict, candidate, unasked] = situation;
    const bool told = verdict.address && tells(verdict.state);
    const bool may_be_used = verdict.open || (verdict.state == State::not_master && unasked);
    // After a crash the state stays odown while the promotion goes on.
    const bool in_doubt = verdict.state != State::ok && verdict.state != State::degraded;
    Wishes wishes;
    for (const auto& server : servers) {
        auto& wish = wishes[server.name];
        if (!told)
            continue;
        const bool master = server.address == *verdict.address;
        const bool coming = in_doubt && server.address == candidate;
        wish = (master ? may_be_used : coming) ? Wish::ready : Wish::maint;
    }
    return wishes;
}

}  // namespace spoa::haproxy_api
