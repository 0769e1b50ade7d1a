#include "spop/notify.hpp"

#include "bytes_literal.hpp"
#include "spop/error.hpp"
#include "spop/wire.hpp"

#include <doctest/doctest.h>

#include <cstdint>

using namespace spoa;
using spoa::test::bytes;
using spoa::test::join;
using spoa::test::prefix;
using spoa::test::raw;
using spoa::test::varint;

TEST_SUITE("spop/notify")
{
    TEST_CASE("name and argument count are taken, the arguments left")
    {
        const auto wire = join({bytes({3}), raw("ask"), bytes({2, 0xaa})});
        ByteView in(wire);
        const auto message = spop::take_message_header(in).value();
        CHECK(message.name == "ask");
        CHECK(message.argument_count == 2);
        CHECK(Bytes(in.begin(), in.end()) == bytes({0xaa}));
    }

    TEST_CASE("the count is one byte, up to 255")
    {
        const auto wire = bytes({1, 'a', 255});
        ByteView in(wire);
        CHECK(spop::take_message_header(in).value().argument_count == 255);
        CHECK(in.empty());
    }

    TEST_CASE("a header cut at any byte is an error")
    {
        const auto wire = join({bytes({3}), raw("ask"), bytes({0})});
        for (std::size_t size = 0; size < wire.size(); ++size) {
            CAPTURE(size);
            const auto cut = prefix(wire, size);
            ByteView in(cut);
            CHECK(spop::take_message_header(in).error() == spop::Errc::truncated);
        }
    }

    TEST_CASE("a name longer than the frame is an error, however long")
    {
        for (const std::uint64_t length :
             {std::uint64_t{4},
              std::uint64_t{0xffffffff},
              std::uint64_t{1} << 63,
              ~std::uint64_t{0}}) {
            CAPTURE(length);
            const auto wire = join({varint(length), raw("ask")});
            ByteView in(wire);
            CHECK(spop::take_message_header(in).error() == spop::Errc::truncated);
        }
    }
}
