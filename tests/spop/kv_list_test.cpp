#include "spop/kv_list.hpp"

#include "bytes_literal.hpp"
#include "spop/error.hpp"
#include "spop/wire.hpp"

#include <doctest/doctest.h>

#include <cstdint>

using namespace spoa;
using namespace std::string_view_literals;
using spoa::test::bytes;
using spoa::test::join;
using spoa::test::prefix;
using spoa::test::raw;
using spoa::test::varint;

namespace {

// "max-frame-size" = 16380, as HAProxy sends it.
const Bytes max_frame_size =
    join({bytes({14}), raw("max-frame-size"), bytes({0x03, 0xfc, 0xf0, 0x06})});

error_code error_of(const Bytes& wire)
{
    ByteView in(wire);
    return spop::take_key_value(in).error();
}

}  // namespace

TEST_SUITE("spop/kv_list")
{
    TEST_CASE("known bytes of an entry, both ways")
    {
        Bytes out;
        spop::put_key_value(out, "max-frame-size", std::uint32_t{16380});
        CHECK(out == max_frame_size);

        ByteView in(max_frame_size);
        const auto entry = spop::take_key_value(in).value();
        CHECK(entry.name == "max-frame-size");
        CHECK(std::get<std::uint32_t>(entry.value) == 16380);
        CHECK(in.empty());
    }

    TEST_CASE("an entry may have no name, as an argument of HAProxy's without one")
    {
        const auto wire = bytes({0x00, 0x08, 0x01, 'a'});
        ByteView in(wire);
        const auto entry = spop::take_key_value(in).value();
        CHECK(entry.name.empty());
        CHECK(std::get<std::string_view>(entry.value) == "a");
    }

    TEST_CASE("entries follow each other")
    {
        Bytes out;
        spop::put_key_value(out, "a", true);
        spop::put_key_value(out, "b", "x"sv);
        ByteView in(out);
        CHECK(spop::take_key_value(in).value().name == "a");
        CHECK(spop::take_key_value(in).value().name == "b");
        CHECK(in.empty());
    }

    TEST_CASE("an entry cut at any byte is an error")
    {
        for (std::size_t size = 0; size < max_frame_size.size(); ++size) {
            CAPTURE(size);
            CHECK(error_of(prefix(max_frame_size, size)) == spop::Errc::truncated);
        }
    }

    TEST_CASE("a name longer than the frame is an error, however long")
    {
        for (const std::uint64_t length :
             {std::uint64_t{3},
              std::uint64_t{0xffffffff},
              std::uint64_t{1} << 63,
              ~std::uint64_t{0}}) {
            CAPTURE(length);
            CHECK(error_of(join({varint(length), raw("ab")})) == spop::Errc::truncated);
        }
        CHECK(error_of(Bytes(11, std::byte{0xff})) == spop::Errc::varint_overflow);
    }

    TEST_CASE("a value of an unknown type is an error")
    {
        CHECK(error_of(bytes({0x01, 'a', 0x0a})) == spop::Errc::bad_type);
    }
}
