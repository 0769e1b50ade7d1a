#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace spoa::net {

// How long to wait before the next attempt: doubling from `first` to `longest`, each time drawn
// from the upper half, so that agents that lost the same peer do not come back in step.
class Backoff {
public:
    Backoff(std::chrono::milliseconds first, std::chrono::milliseconds longest)
        : first_(first), longest_(longest), next_(first)
    {}

    std::chrono::milliseconds next()
    {
        const auto limit = next_;
        next_ = std::min(longest_, next_ * 2);
        std::uniform_int_distribution<std::chrono::milliseconds::rep> spread(
            limit.count() / 2, limit.count());
        return std::chrono::milliseconds(spread(random_));
    }

    // It worked: start again from the first.
    void reset() { next_ = first_; }

private:
    std::chrono::milliseconds first_;
    std::chrono::milliseconds longest_;
    std::chrono::milliseconds next_;
    std::minstd_rand random_{std::random_device{}()};
};

}  // namespace spoa::net
