// SPOP by hand: an encoder and a decoder that share nothing with the product's, so that a mistake
// made in both directions there does not cancel out here.
#pragma once

#include "base/bytes.hpp"

#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>

namespace spoa::test {

inline Bytes join(std::initializer_list<Bytes> parts)
{
    Bytes out;
    for (const auto& part : parts)
        out.insert(out.end(), part.begin(), part.end());
    return out;
}

// The first `size` bytes in a block of their own, so that a sanitizer sees a read beyond them.
inline Bytes prefix(const Bytes& whole, std::size_t size)
{
    return {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)};
}

inline Bytes raw(std::string_view text)
{
    const auto view = as_bytes(text);
    return {view.begin(), view.end()};
}

inline Bytes varint(std::uint64_t value)
{
    if (value < 240)
        return {static_cast<std::byte>(value)};
    value -= 240;
    Bytes out{static_cast<std::byte>(240 + value % 16)};
    value /= 16;
    while (value >= 128) {
        value -= 128;
        out.push_back(static_cast<std::byte>(128 + value % 128));
        value /= 128;
    }
    out.push_back(static_cast<std::byte>(value));
    return out;
}

inline Bytes u32(std::uint32_t value)
{
    Bytes out;
    for (const unsigned shift : {24U, 16U, 8U, 0U})
        out.push_back(static_cast<std::byte>(value >> shift));
    return out;
}

// STRING of names: length, bytes.
inline Bytes text(std::string_view value)
{
    return join({varint(value.size()), raw(value)});
}

// TYPED-DATA.
inline Bytes typed(unsigned type_and_flags, const Bytes& data = {})
{
    return join({{static_cast<std::byte>(type_and_flags)}, data});
}

inline Bytes typed_bool(bool value)
{
    return typed(value ? 0x11 : 0x01);
}

inline Bytes typed_u32(std::uint32_t value)
{
    return typed(3, varint(value));
}

inline Bytes typed_text(std::string_view value)
{
    return typed(8, text(value));
}

inline Bytes item(std::string_view name, const Bytes& value)
{
    return join({text(name), value});
}

// A frame without its length: type, flags, ids, payload.
inline Bytes frame(
    unsigned type, const Bytes& payload, std::uint32_t flags = 1, std::uint64_t stream_id = 0,
    std::uint64_t frame_id = 0)
{
    return join(
        {{static_cast<std::byte>(type)}, u32(flags), varint(stream_id), varint(frame_id), payload});
}

// Reads what the product wrote; throws at the first byte that should not be there.
class Cursor {
public:
    explicit Cursor(ByteView bytes) : rest_(bytes) {}

    bool at_end() const { return rest_.empty(); }
    ByteView rest() const { return rest_; }

    ByteView take(std::uint64_t size)
    {
        if (size > rest_.size())
            throw std::runtime_error("the product's bytes end too early");
        const auto taken = rest_.first(static_cast<std::size_t>(size));
        rest_ = rest_.subspan(taken.size());
        return taken;
    }

    unsigned byte() { return std::to_integer<unsigned>(take(1)[0]); }

    std::uint32_t u32()
    {
        std::uint32_t value = 0;
        for (int i = 0; i < 4; ++i)
            value = value * 256 + byte();
        return value;
    }

    std::uint64_t varint()
    {
        std::uint64_t value = byte();
        if (value < 240)
            return value;
        std::uint64_t weight = 16;
        for (;;) {
            const std::uint64_t next = byte();
            value += next * weight;
            if (next < 128)
                return value;
            weight *= 128;
        }
    }

    std::string text() { return std::string(as_text(take(varint()))); }

private:
    ByteView rest_;
};

}  // namespace spoa::test
