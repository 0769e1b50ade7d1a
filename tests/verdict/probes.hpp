// What data nodes said, for the verdict's tests.
#pragma once

#include "verdict/votes.hpp"

namespace spoa::test {

inline verdict::Probe answered(
    const Endpoint& address, verdict::Role role, int when, std::uint64_t offset = 0)
{
    verdict::Probe made;
    made.address = address;
    made.role = role;
    made.offset = offset;
    made.answered_at = at(when);
    return made;
}

inline verdict::Probe replica(
    const Endpoint& address, int when, std::uint64_t offset, const Endpoint& of = m)
{
    auto made = answered(address, verdict::Role::replica, when, offset);
    made.follows = of;
    made.link = verdict::Link::up;
    return made;
}

inline verdict::Probe silent(const Endpoint& address, int since)
{
    verdict::Probe made;
    made.address = address;
    made.silent_since = at(since);
    return made;
}

}  // namespace spoa::test
