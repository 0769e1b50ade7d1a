#pragma once

#include "haproxy_api/wish.hpp"
#include "verdict/replica_watch.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>

namespace spoa::haproxy_api {

// The reads of a name, and what its policy says of them.
struct ReadSituation {
    const verdict::Verdict& verdict;
    std::span<const verdict::Replica> replicas;
    const verdict::ReadSet& set;
    const verdict::ReplicaPolicy& policy;
};

// While a server leaves: its sessions are ended evenly from `since` to `until`.
struct Drain {
    std::chrono::steady_clock::time_point since;
    std::chrono::steady_clock::time_point until;

    bool operator==(const Drain&) const = default;
};
using Drains = std::map<std::string, Drain, std::less<>>;  // by the server's name

// What the servers of a name should be in the backends for reads.
//
//   reads go to it                          ready
//   fresh, and others are preferred;        as it is
//   not asked or measured yet
//   all others                              as it is while they drain, then out
class ReadWishes {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    void follow(const ReadSituation& situation, TimePoint now);

    const Wishes& wishes() const { return wishes_; }
    const Drains& drains() const { return drains_; }  // also those that are over
    std::optional<TimePoint> look_again() const { return look_again_; }

private:
    Wishes wishes_;
    Drains drains_;
    std::optional<TimePoint> look_again_;
};

// How many of the sessions that a server had when its drain began have to go by now.
std::uint64_t due_to_end(
    const Drain& drain, std::uint64_t at_first, std::uint64_t left,
    std::chrono::steady_clock::time_point now);

}  // namespace spoa::haproxy_api
