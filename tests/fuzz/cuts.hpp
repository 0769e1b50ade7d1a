#pragma once

#include "base/bytes.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace spoa::fuzz {

// Where a stream is cut into the pieces that arrive: anywhere, but always the same for the same
// bytes. So an input is nothing but the stream itself, as a capture is.
class Cuts {
public:
    explicit Cuts(ByteView stream)
    {
        for (const auto byte : stream)
            state_ = (state_ ^ std::to_integer<std::uint64_t>(byte)) * prime;
        widest_ = std::size_t{1} << (draw() % 10);
    }

    // The size of the next piece: 1 to `left`, which is not 0.
    std::size_t next(std::size_t left) { return std::min(left, 1 + draw() % widest_); }

    // One more choice that the bytes make.
    bool coin() { return draw() % 2 == 0; }

private:
    static constexpr std::uint64_t prime = 1'099'511'628'211;  // FNV-1a

    std::size_t draw()
    {
        state_ = state_ * 6'364'136'223'846'793'005 + 1'442'695'040'888'963'407;
        return static_cast<std::size_t>(std::rotr(state_, 33) & 0xffff'ffff);
    }

    std::uint64_t state_ = 14'695'981'039'346'656'037U;
    std::size_t widest_ = 1;
};

}  // namespace spoa::fuzz
