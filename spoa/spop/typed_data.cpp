#include "spop/typed_data.hpp"

#include "spop/error.hpp"
#include "spop/varint.hpp"

#include <algorithm>
#include <limits>

namespace spoa::spop {
namespace {

enum class Type : std::uint8_t {
    null = 0,
    boolean = 1,
    int32 = 2,
    uint32 = 3,
    int64 = 4,
    uint64 = 5,
    ipv4 = 6,
    ipv6 = 7,
    string = 8,
    binary = 9,
};

constexpr std::uint8_t type_mask = 0x0f;
constexpr std::uint8_t flag_true = 0x10;

result<ByteView> take_bytes(ByteView& in, std::uint64_t size)
{
    if (size > in.size())
        return Errc::truncated;
    const auto taken = in.first(static_cast<std::size_t>(size));
    in = in.subspan(taken.size());
    return taken;
}

result<ByteView> take_sized(ByteView& in)
{
    const auto size = take_varint(in);
    if (!size)
        return size.error();
    return take_bytes(in, *size);
}

template <class Integer>
result<TypedData> take_integer(ByteView& in)
{
    const auto raw = take_varint(in);
    if (!raw)
        return raw.error();
    const auto value = static_cast<Integer>(*raw);
    // Converted back, a signed value is sign-extended: what does not come out again did not fit.
    if (static_cast<std::uint64_t>(value) != *raw)
        return Errc::varint_overflow;
    return TypedData(value);
}

template <class Address>
result<TypedData> take_address(ByteView& in)
{
    Address address;
    const auto bytes = take_bytes(in, address.size());
    if (!bytes)
        return bytes.error();
    std::ranges::copy(*bytes, address.begin());
    return TypedData(address);
}

struct PutData {
    Bytes& out;

    void operator()(std::monostate) const {}
    void operator()(bool) const {}  // its value is in the type byte
    template <class Integer>
    requires std::is_integral_v<Integer>
    void operator()(Integer value) const { put_varint(out, static_cast<std::uint64_t>(value)); }
    void operator()(const Ipv4& address) const { append(out, address); }
    void operator()(const Ipv6& address) const { append(out, address); }
    void operator()(std::string_view text) const { put_string(out, text); }
    void operator()(ByteView bytes) const { put_string(out, as_text(bytes)); }
};

}  // namespace

void put_string(Bytes& out, std::string_view text)
{
    put_varint(out, text.size());
    append(out, as_bytes(text));
}

result<std::string_view> take_string(ByteView& in)
{
    const auto bytes = take_sized(in);
    if (!bytes)
        return bytes.error();
    return as_text(*bytes);
}

void put_typed_data(Bytes& out, const TypedData& value)
{
    auto type = static_cast<std::uint8_t>(value.index());
    if (const auto* const boolean = std::get_if<bool>(&value); boolean && *boolean)
        type |= flag_true;
    out.push_back(static_cast<std::byte>(type));
    std::visit(PutData{out}, value);
}

result<TypedData> take_typed_data(ByteView& in)
{
    if (in.empty())
        return Errc::truncated;
    const auto first = std::to_integer<std::uint8_t>(in[0]);
    in = in.subspan(1);
    switch (static_cast<Type>(first & type_mask)) {
        case Type::null: return TypedData();
        case Type::boolean: return TypedData((first & flag_true) != 0);
        case Type::int32: return take_integer<std::int32_t>(in);
        case Type::uint32: return take_integer<std::uint32_t>(in);
        case Type::int64: return take_integer<std::int64_t>(in);
        case Type::uint64: return take_integer<std::uint64_t>(in);
        case Type::ipv4: return take_address<Ipv4>(in);
        case Type::ipv6: return take_address<Ipv6>(in);
        case Type::string: {
            const auto text = take_string(in);
            if (!text)
                return text.error();
            return TypedData(*text);
        }
        case Type::binary: {
            const auto bytes = take_sized(in);
            if (!bytes)
                return bytes.error();
            return TypedData(*bytes);
        }
    }
    return Errc::bad_type;
}

}  // namespace spoa::spop
