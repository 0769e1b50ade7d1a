#include "haproxy_api/wish.hpp"

namespace spoa::haproxy_api {
namespace {

using verdict::State;

// Whether a majority says who is master.
bool is_told(State state)
{
    switch (state) {
        case State::ok:
        case State::degraded:
        case State::silent:
        case State::isolated:
        case State::odown:
        case State::switching:
        case State::not_master:
        case State::unmapped: return true;
        case State::no_quorum:
        case State::conflict:
        case State::regress:
        case State::stale:
        case State::unknown_name: return false;
    }
    return false;
}

// Whether the sessions of the master in force end when the state closes the gate.
bool ends_sessions(State state, bool gone)
{
    return state == State::isolated || state == State::odown || state == State::switching ||
           state == State::not_master || (state == State::no_quorum && !gone);
}

}  // namespace

std::string_view word_for(Wish wish)
{
    switch (wish) {
        case Wish::leave: return "leave";
        case Wish::ready: return "ready";
        case Wish::maint: return "maint";
        case Wish::idle: return "idle";
    }
    return {};
}

Wishes wishes_of(const Situation& situation, std::span<const verdict::Server> servers)
{
    const auto& [verdict, candidate, unasked, gone] = situation;
    const bool may_be_used = verdict.open || (verdict.state == State::not_master && unasked);
    // After a crash the state stays odown while the promotion goes on.
    const bool in_doubt = verdict.state != State::ok && verdict.state != State::degraded;
    Wishes wishes;
    for (const auto& server : servers) {
        auto& wish = wishes[server.name];
        if (!verdict.address)
            continue;
        if (server.address == *verdict.address)
            wish = may_be_used                          ? Wish::ready
                   : ends_sessions(verdict.state, gone) ? Wish::maint
                                                        : Wish::leave;
        else if (is_told(verdict.state))
            wish = in_doubt && server.address == candidate ? Wish::ready : Wish::idle;
    }
    return wishes;
}

}  // namespace spoa::haproxy_api
