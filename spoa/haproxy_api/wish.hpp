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
    ready,  // connections may go to it
    maint,  // in maintenance as long as this is wished: no session on it, and none let in
    idle,   // without sessions; in maintenance only until the last connection to it is over
};

std::string_view word_for(Wish wish);  // leave, ready, maint, idle

using Wishes = std::map<std::string, Wish, std::less<>>;  // by the server's name

// The verdict of a name, and what it does not say itself.
struct Situation {
    const verdict::Verdict& verdict;
    std::optional<Endpoint> candidate;  // which a Sentinel is promoting
    bool unasked = false;  // the address is so new in force that its node has not been asked yet
    bool gone = false;     // its node hung up, and nobody has answered there since
};

// What a name's servers should be.
//
//   the master in force
//     the verdict is open                                ready
//     closed: isolated, odown, switching, not-master,    maint
//     no-quorum
//     not-master, and not asked yet                      ready: it will say so in a moment
//     no-quorum, and gone                                leave: who threw us out alone is back soon
//     closed otherwise                                   leave: a fence closed before stays closed
//   the candidate of a promotion, in doubt               ready: it is needed in a moment
//   all others
//     a majority names the master: ok, degraded, every   idle
//     doubt, unmapped
//     else, and all while there is no address yet        leave
Wishes wishes_of(const Situation& situation, std::span<const verdict::Server> servers);

}  // namespace spoa::haproxy_api
