#pragma once

#include <cstddef>
#include <cstdint>

namespace spoa::simulation {

// Small and fast, and the same on every machine, so that a schedule can be replayed anywhere:
// splitmix64.
class Random {
public:
    Random(std::uint64_t seed, std::uint64_t schedule)
        : state_(seed * 0x9e3779b97f4a7c15U + schedule * 0xd1342543de82ef95U)
    {}

    std::uint64_t next()
    {
        state_ += 0x9e3779b97f4a7c15U;
        auto z = state_;
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31U);
    }

    // Below `count`, which is not 0.
    std::uint64_t below(std::uint64_t count) { return next() % count; }
    int pick(int count) { return static_cast<int>(below(static_cast<std::uint64_t>(count))); }
    std::int64_t between(std::int64_t least, std::int64_t most)
    {
        return least +
               static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most - least + 1)));
    }
    bool chance(int percent) { return pick(100) < percent; }

private:
    std::uint64_t state_;
};

}  // namespace spoa::simulation
