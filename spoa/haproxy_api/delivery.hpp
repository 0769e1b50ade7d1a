// Whether one HAProxy carries connections to where the verdict leads, and what is wrong with its
// servers. The verdict is the Sentinels' and stays as it is; what clients get is HAProxy's.
#pragma once

#include "haproxy_api/fence.hpp"
#include "verdict/verdict.hpp"

#include <chrono>
#include <span>
#include <string>
#include <vector>

namespace spoa::haproxy_api {

// What is wrong with the servers of one backend, a sentence each; empty while nothing was seen.
std::vector<std::string> problems_of(const Fence& fence);

struct Delivery {
    // Why clients do not get to where an open verdict leads, or sessions of a former master may
    // live on: a sentence each.
    std::vector<std::string> obstacles;
    // What would be one after a failover, or is wrong besides.
    std::vector<std::string> problems;
    std::string trouble{};  // why its runtime API does not answer; empty while it does
};

// What one HAProxy gives to the clients of a name. `backends` are its backends for the writes of
// that name; `trouble` is why its runtime API does not answer, empty while it does.
Delivery delivery_of(
    const verdict::Verdict& verdict, std::span<const Fence* const> backends,
    const std::string& trouble, TimePoint now);

// Whether the HAProxy is known to let connections to this server through. `not_yet`: it will be in
// a moment, so waiting is worth while; `unknown`: it does not say, or an operator keeps it out.
enum class Readiness { ready, not_yet, unknown };
Readiness readiness_of(
    const std::string& server, std::span<const Fence* const> backends, bool answers);

// The servers that lead elsewhere than their name says: no verdict may name them. With why.
std::map<std::string, std::string> misplaced_in(std::span<const Fence* const> backends);

}  // namespace spoa::haproxy_api
