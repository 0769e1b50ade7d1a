// Numbers of 4 bytes, in network order.
#pragma once

#include "base/bytes.hpp"

#include <cstddef>
#include <cstdint>

namespace spoa::spop {

inline constexpr std::size_t u32_size = 4;

// `out` has room for u32_size bytes.
inline void put_u32(std::byte* out, std::uint32_t value)
{
    for (const unsigned shift : {24U, 16U, 8U, 0U})
        *out++ = static_cast<std::byte>(value >> shift);
}

// The first u32_size bytes of `in`, which has them.
inline std::uint32_t get_u32(ByteView in)
{
    std::uint32_t value = 0;
    for (const std::byte b : in.first(u32_size))
        value = value << 8 | std::to_integer<std::uint32_t>(b);
    return value;
}

}  // namespace spoa::spop
