#include "net/connection_limits.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace spoa::net {

std::size_t raise_descriptor_limit(std::size_t wanted)
{
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const auto before = limit.rlim_cur;
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, wanted);
    if (limit.rlim_cur <= before || ::setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return before;
    return limit.rlim_cur;
}

ConnectionLimits fit(ConnectionLimits wanted, std::size_t descriptors, std::size_t others)
{
    // Even with far too few, one connection is better than none: it may still find a descriptor.
    const auto room = descriptors > others + 1 ? descriptors - others : 1;
    if (room >= wanted.open())
        return wanted;
    const auto refused = std::min(wanted.refused, room / 4);
    return {std::min(wanted.served, room - refused), refused, wanted.waiting};
}

}  // namespace spoa::net
