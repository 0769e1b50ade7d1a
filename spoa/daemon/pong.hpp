#pragma once

#include "base/descriptor.hpp"
#include "twemproxy/pools.hpp"

#include <atomic>
#include <chrono>
#include <string>

namespace spoa::daemon {

// A connection to the pool that tells, by its end, that the process which serves it now has ended.
// None, when nobody serves it.
Descriptor hold(const twemproxy::Pool& pool);
bool is_held(const Descriptor& connection);

// Waits until nutcracker accepts on the pool's listener and, where the pool speaks Redis, answers
// PING to its `redis_auth`. The answer is what is still wrong when `limit` is over, and nothing
// when it answers. Blocks: for a thread of its own.
std::string await_pong(
    const twemproxy::Pool& pool, std::chrono::steady_clock::time_point limit,
    const std::atomic<bool>& stop);

}  // namespace spoa::daemon
