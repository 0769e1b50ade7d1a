#pragma once

#include "haproxy_api/placement.hpp"
#include "haproxy_api/reply.hpp"
#include "haproxy_api/wish.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace spoa::haproxy_api {

using TimePoint = std::chrono::steady_clock::time_point;

// How long a server that should be idle stays in maintenance after its last session. A connection
// that was let in before may still be under way: HAProxy's `timeout connect`, 1.2 s in the
// generated configuration, and a margin.
inline constexpr std::chrono::seconds rest_after{3};

// How the servers of a backend should be, and where they should lead to.
struct Wanted {
    Wishes wishes;
    Places places;
};

// What has to be remembered of a backend from one look to the next; server names.
struct FenceMemory {
    std::set<std::string> ours;                // in maintenance by us
    std::set<std::string> named;               // verdicts may have named it since it was idle
    std::map<std::string, TimePoint> resting;  // in our maintenance, to be ready later: since when
};

// What has to be done so that a backend is as it should be; server names.
struct Plan {
    std::vector<std::string> ready;             // out of our maintenance
    std::vector<std::string> maint;             // into it
    std::vector<std::string> cut;               // end their sessions: they are in maintenance
    std::optional<std::set<std::string>> mark;  // write it, as it differs
    std::map<std::string, Endpoint> move{};     // to the address that their host name has now

    bool empty() const
    {
        return ready.empty() && maint.empty() && cut.empty() && move.empty() && !mark;
    }
    bool operator==(const Plan&) const = default;
};

// The wish for a server of this backend. One that is not among the wishes, or that leads elsewhere,
// must not be used, so it is kept out; but a backend without any that is among them is not what the
// configuration takes it for, and is left alone.
Wish wish_for(const ServerSeen& server, const BackendSeen& seen, const Wanted& wanted);

// Maintenance is ours where the mark says so, or the memory does (HAProxy can be told to keep
// states across a reload, and keeps no variables); all other is somebody else's, and stays.
// Sessions on a server that should have none are ended, whoever put it there.
//
//   wish      in our maintenance                      in no maintenance
//   ready     ready                                   -
//   maint     -                                       maint
//   idle      ready, once without sessions for        maint, if a verdict may have named it
//             rest_after                              lately, or it has sessions
//   leave     the same, if it was idle before         -
//
// A server that is not where its host name leads is wished in maintenance, and moved once it is,
// without sessions. So its name never means two machines.
Plan reconcile(
    const BackendSeen& seen, const Wanted& wanted, const FenceMemory& memory, TimePoint now);

}  // namespace spoa::haproxy_api
