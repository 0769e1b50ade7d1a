#include "spop/typed_data.hpp"

#include "bytes_literal.hpp"
#include "spop/error.hpp"
#include "spop/wire.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

using namespace spoa;
using namespace std::string_view_literals;
using spoa::test::bytes;
using spoa::test::join;
using spoa::test::prefix;
using spoa::test::varint;
using spop::TypedData;

namespace {

Bytes encoded(const TypedData& value)
{
    Bytes out;
    spop::put_typed_data(out, value);
    return out;
}

// ByteView has no ==; everything else compares as it is.
bool same(const TypedData& a, const TypedData& b)
{
    const auto* const left = std::get_if<ByteView>(&a);
    const auto* const right = std::get_if<ByteView>(&b);
    if (left && right)
        return std::ranges::equal(*left, *right);
    if (left || right || a.index() != b.index())
        return false;
    return std::visit(
        [&]<class T>(const T& value) {
            if constexpr (std::is_same_v<T, ByteView>)
                return false;
            else
                return value == std::get<T>(b);
        },
        a);
}

error_code error_of(const Bytes& wire)
{
    ByteView in(wire);
    return spop::take_typed_data(in).error();
}

const Bytes two_bytes = bytes({0x00, 0xff});

struct Known {
    TypedData value;
    Bytes wire;
};

// From the table of SPOE.txt, 3.1; the type is the low nibble of the first byte.
const std::vector<Known> known{
    {TypedData(), bytes({0x00})},
    {TypedData(false), bytes({0x01})},
    {TypedData(true), bytes({0x11})},  // flag 0x1 in the high nibble
    {TypedData(std::int32_t{6379}), bytes({0x02, 0xfb, 0xff, 0x01})},
    {TypedData(std::int32_t{-1}),  // sign-extended to 64 bits
     bytes({0x02, 0xff, 0xf0, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0x0e})},
    {TypedData(std::uint32_t{16380}), bytes({0x03, 0xfc, 0xf0, 0x06})},  // HAProxy's frame size
    {TypedData(std::uint32_t{0xffffffff}), bytes({0x03, 0xff, 0xf0, 0xfe, 0xfe, 0x7e})},
    {TypedData(std::int64_t{239}), bytes({0x04, 0xef})},
    {TypedData(std::uint64_t{240}), bytes({0x05, 0xf0, 0x00})},
    {TypedData(spop::Ipv4{std::byte{10}, std::byte{0}, std::byte{0}, std::byte{1}}),
     bytes({0x06, 10, 0, 0, 1})},
    {TypedData(spop::Ipv6{std::byte{0x20}, std::byte{0x01}, std::byte{0x0d}, std::byte{0xb8}}),
     bytes({0x07, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})},
    {TypedData(""sv), bytes({0x08, 0x00})},
    {TypedData("ok"sv), bytes({0x08, 0x02, 'o', 'k'})},
    {TypedData(ByteView()), bytes({0x09, 0x00})},
    {TypedData(ByteView(two_bytes)), bytes({0x09, 0x02, 0x00, 0xff})},
};

template <class Integer>
void check_borders()
{
    for (const Integer value :
         {std::numeric_limits<Integer>::min(),
          std::numeric_limits<Integer>::max(),
          Integer{0},
          Integer{1},
          Integer{239},
          Integer{240},
          Integer{2287},
          Integer{2288}}) {
        CAPTURE(value);
        const auto wire = encoded(TypedData(value));
        ByteView in(wire);
        CHECK(same(spop::take_typed_data(in).value(), TypedData(value)));
        CHECK(in.empty());
    }
}

}  // namespace

TEST_SUITE("spop/typed_data")
{
    TEST_CASE("known bytes of each of the ten types, both ways")
    {
        for (const auto& c : known) {
            CAPTURE(c.value.index());
            CHECK(encoded(c.value) == c.wire);

            ByteView in(c.wire);
            CHECK(same(spop::take_typed_data(in).value(), c.value));
            CHECK(in.empty());
        }
    }

    TEST_CASE("integers round-trip at the borders of their type")
    {
        check_borders<std::int32_t>();
        check_borders<std::uint32_t>();
        check_borders<std::int64_t>();
        check_borders<std::uint64_t>();
    }

    TEST_CASE("strings round-trip at the borders of their length's encoding")
    {
        for (const std::size_t size : {0U, 1U, 239U, 240U, 2287U, 2288U, 70'000U}) {
            CAPTURE(size);
            const std::string text(size, 'x');
            const auto wire = encoded(TypedData(std::string_view(text)));
            ByteView in(wire);
            CHECK(same(spop::take_typed_data(in).value(), TypedData(std::string_view(text))));
            CHECK(in.empty());
        }
    }

    TEST_CASE("a value takes its own bytes and leaves the next one")
    {
        for (const auto& c : known) {
            CAPTURE(c.value.index());
            const auto wire = join({c.wire, bytes({0x11})});
            ByteView in(wire);
            CHECK(spop::take_typed_data(in).has_value());
            CHECK(in.size() == 1);
        }
    }

    TEST_CASE("a value cut at any byte is an error")
    {
        for (const auto& c : known) {
            CAPTURE(c.value.index());
            for (std::size_t size = 0; size < c.wire.size(); ++size) {
                CAPTURE(size);
                CHECK(error_of(prefix(c.wire, size)) == spop::Errc::truncated);
            }
        }
    }

    TEST_CASE("the value of a boolean is the first of its flags alone")
    {
        const Bytes others = bytes({0xe1, 0xf1});
        ByteView in(others);
        CHECK(same(spop::take_typed_data(in).value(), TypedData(false)));
        CHECK(same(spop::take_typed_data(in).value(), TypedData(true)));
    }

    TEST_CASE("flags of a type that has none are ignored")
    {
        const Bytes wire = bytes({0xf8, 0x01, 'a'});
        ByteView in(wire);
        CHECK(same(spop::take_typed_data(in).value(), TypedData("a"sv)));
    }

    TEST_CASE("the six unused types are an error")
    {
        for (unsigned type = 10; type < 16; ++type) {
            CAPTURE(type);
            CHECK(error_of(bytes({type, 0, 0, 0, 0})) == spop::Errc::bad_type);
            CHECK(error_of(bytes({type | 0xf0, 0, 0, 0, 0})) == spop::Errc::bad_type);
        }
    }

    TEST_CASE("an integer beyond its type is an error, never a smaller number")
    {
        constexpr std::uint64_t two_31 = std::uint64_t{1} << 31;
        for (const std::uint64_t value : {two_31, 2 * two_31 - 1, 2 * two_31, ~two_31}) {
            CAPTURE(value);
            CHECK(error_of(join({bytes({0x02}), varint(value)})) == spop::Errc::varint_overflow);
        }
        for (const std::uint64_t value : {2 * two_31, ~std::uint64_t{0}}) {
            CAPTURE(value);
            CHECK(error_of(join({bytes({0x03}), varint(value)})) == spop::Errc::varint_overflow);
        }
    }

    TEST_CASE("a length beyond the frame is an error, however large")
    {
        for (const unsigned type : {0x08U, 0x09U})
            for (const std::uint64_t length :
                 {std::uint64_t{4},
                  std::uint64_t{0xffffffff},
                  std::uint64_t{1} << 63,
                  ~std::uint64_t{0}}) {
                CAPTURE(type);
                CAPTURE(length);
                const auto wire = join({bytes({type}), varint(length), bytes({'a', 'b', 'c'})});
                CHECK(error_of(wire) == spop::Errc::truncated);
            }
    }

    TEST_CASE("a length beyond 64 bits is an error")
    {
        for (const unsigned type : {2U, 3U, 4U, 5U, 8U, 9U}) {
            CAPTURE(type);
            CHECK(
                error_of(join({bytes({type}), Bytes(11, std::byte{0xff})})) ==
                spop::Errc::varint_overflow);
        }
    }

    TEST_CASE("a name is a string without a type")
    {
        Bytes out;
        spop::put_string(out, "abc");
        CHECK(out == bytes({3, 'a', 'b', 'c'}));
        ByteView in(out);
        CHECK(spop::take_string(in).value() == "abc");
        CHECK(in.empty());
        for (std::size_t size = 0; size < out.size(); ++size) {
            CAPTURE(size);
            const auto cut = prefix(out, size);
            ByteView rest(cut);
            CHECK(spop::take_string(rest).error() == spop::Errc::truncated);
        }
    }
}
