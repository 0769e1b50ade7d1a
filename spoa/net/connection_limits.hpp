#pragma once

#include <cstddef>

namespace spoa::net {

// How many SPOP connections may be open, and how many questions on them may wait.
struct ConnectionLimits {
    // More than are served: each is greeted and told that there is no server. Beyond these too,
    // connections wait in the kernel's backlog, which bounds memory and descriptors.
    static constexpr std::size_t most_refused = 1024;

    std::size_t served = 0;
    std::size_t refused = most_refused;
    std::size_t waiting = 10'000;  // for a clear verdict

    std::size_t open() const { return served + refused; }
    bool operator==(const ConnectionLimits&) const = default;
};

// Raises the process's limit of file descriptors to `wanted`, as far as its hard limit allows.
// Returns the limit in force.
std::size_t raise_descriptor_limit(std::size_t wanted);

// `wanted`, or as much of it as fits into `descriptors` of which `others` are for other things.
ConnectionLimits fit(ConnectionLimits wanted, std::size_t descriptors, std::size_t others);

}  // namespace spoa::net
