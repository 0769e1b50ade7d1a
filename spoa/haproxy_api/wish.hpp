#pragma once

#include "verdict/server.hpp"
#include "verdict/verdict.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace spoa::haproxy_api {

// How a server should be.
enum class Wish {
    leave,  // as it is
    ready,
    maint,  // no session on it, and none let in
};

std::string_view word_for(Wish wish);  // leave, ready, maint

using Wishes = std::map<std::string, Wish, std::less<>>;  // by the server's name

// The verdict of a name, and what it does not say itself.
struct Situation {
    const verdict::Verdict& verdict;
    std::optional<Endpoint> candidate;  // which a Sentinel is promoting
    bool unasked = false;  // the address is so new in force that its node has not been asked yet
};

// What a name's servers should be.
//
//   open: ok, degraded                        the master ready, all others out
//   closed: isolated, odown, switching,       all out; but the candidate of a promotion is let in
//   not-master; the master is no server       already, as verdicts alone route
//   not-master, and not asked yet             as open: it will say so in a moment
//   silent, no-quorum, conflict, regress,     as they are: nothing new is known of who is master,
//   stale, unknown-name; no address yet       and a fence closed before stays closed
//
// A doubt that policy keeps open is as open.
Wishes wishes_of(const Situation& situation, std::span<const verdict::Server> servers);

}  // namespace spoa::haproxy_api
