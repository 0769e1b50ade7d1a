// A SPOP value with its type.
//
//   <TYPE:4 bits, low><FLAGS:4 bits, high><DATA>
//
//   0 null     -                     5 uint64   varint
//   1 boolean  flag 0x1 is the value 6 ipv4     4 bytes
//   2 int32    varint                7 ipv6     16 bytes
//   3 uint32   varint                8 string   varint length, bytes
//   4 int64    varint                9 binary   varint length, bytes
//
// Negative integers are sign-extended to 64 bits before they are encoded, as HAProxy does.
// Specification: HAProxy doc/SPOE.txt, 3.1.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <variant>

namespace spoa::spop {

using Ipv4 = std::array<std::byte, 4>;
using Ipv6 = std::array<std::byte, 16>;

// Text and bytes are views into the frame they were taken from. The alternatives stand in the
// order of the type numbers: index() is the number on the wire.
using TypedData = std::variant<
    std::monostate, bool, std::int32_t, std::uint32_t, std::int64_t, std::uint64_t, Ipv4, Ipv6,
    std::string_view, ByteView>;

void put_typed_data(Bytes& out, const TypedData& value);

// Takes one value off the front of `in`. After an error `in` is unspecified.
[[nodiscard]] result<TypedData> take_typed_data(ByteView& in);

// A string without type, as names are: varint length, bytes.
void put_string(Bytes& out, std::string_view text);
[[nodiscard]] result<std::string_view> take_string(ByteView& in);

}  // namespace spoa::spop
