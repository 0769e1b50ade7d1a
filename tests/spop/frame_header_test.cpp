#include "spop/frame_header.hpp"

#include "bytes_literal.hpp"
#include "spop/error.hpp"
#include "spop/wire.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

using namespace spoa;
using spoa::test::bytes;
using spoa::test::join;
using spoa::test::prefix;
using spop::FrameHeader;
using spop::FrameType;

namespace {

struct Known {
    FrameHeader header;
    Bytes wire;  // without the length
};

const std::vector<Known> known{
    // A HELLO: both ids are 0.
    {{.type = FrameType::haproxy_hello}, bytes({1, 0, 0, 0, 1, 0, 0})},
    // A NOTIFY of stream 240, the first with two bytes.
    {{.type = FrameType::notify, .stream_id = 240, .frame_id = 1},
     bytes({3, 0, 0, 0, 1, 0xf0, 0x00, 1})},
    // All flags, the largest ids.
    {{.type = FrameType::ack, .flags = 0x80000003, .stream_id = ~std::uint64_t{0}, .frame_id = 2},
     bytes(
         {103,
          0x80,
          0x00,
          0x00,
          0x03,
          0xff,
          0xf0,
          0xfe,
          0xfe,
          0xfe,
          0xfe,
          0xfe,
          0xfe,
          0xfe,
          0x0e,
          2})},
    // A type that no specification knows.
    {{.type = static_cast<FrameType>(0xc8), .flags = 0}, bytes({0xc8, 0, 0, 0, 0, 0, 0})},
};

}  // namespace

TEST_SUITE("spop/frame_header")
{
    TEST_CASE("known headers are read, and the payload is left")
    {
        for (const auto& c : known) {
            CAPTURE(static_cast<unsigned>(c.header.type));
            const auto wire = join({c.wire, bytes({0xaa, 0xbb})});
            ByteView in(wire);
            CHECK(spop::take_frame_header(in).value() == c.header);
            CHECK(Bytes(in.begin(), in.end()) == bytes({0xaa, 0xbb}));
        }
    }

    TEST_CASE("a frame is written with its length before it, after what was there")
    {
        for (const auto& c : known) {
            CAPTURE(static_cast<unsigned>(c.header.type));
            Bytes out = bytes({0x55});
            const auto start = spop::begin_frame(out, c.header);
            append(out, bytes({0xaa, 0xbb}));
            spop::end_frame(out, start);
            const auto size = static_cast<unsigned>(c.wire.size() + 2);
            CHECK(
                out == join({bytes({0x55}), bytes({0, 0, 0, size}), c.wire, bytes({0xaa, 0xbb})}));
        }
    }

    TEST_CASE("a length of more than one byte is in network order")
    {
        Bytes out;
        const auto start = spop::begin_frame(out, {.type = FrameType::ack});
        out.resize(out.size() + 0x010203 - 7);
        spop::end_frame(out, start);
        CHECK(prefix(out, 4) == bytes({0x00, 0x01, 0x02, 0x03}));
    }

    TEST_CASE("two frames follow each other in one buffer")
    {
        Bytes out;
        for (int i = 0; i < 2; ++i)
            spop::end_frame(out, spop::begin_frame(out, {.type = FrameType::ack}));
        const auto one = bytes({0, 0, 0, 7, 103, 0, 0, 0, 1, 0, 0});
        CHECK(out == join({one, one}));
    }

    TEST_CASE("a header cut at any byte is an error")
    {
        for (const auto& c : known)
            for (std::size_t size = 0; size < c.wire.size(); ++size) {
                CAPTURE(static_cast<unsigned>(c.header.type));
                CAPTURE(size);
                const auto cut = prefix(c.wire, size);
                ByteView in(cut);
                const auto expected =
                    size < 5 ? spop::Errc::frame_too_small : spop::Errc::truncated;
                CHECK(spop::take_frame_header(in).error() == expected);
            }
    }

    TEST_CASE("an id beyond 64 bits is an error")
    {
        const auto start = bytes({3, 0, 0, 0, 1});
        const Bytes endless(11, std::byte{0xff});
        const auto stream = join({start, endless});
        ByteView in(stream);
        CHECK(spop::take_frame_header(in).error() == spop::Errc::varint_overflow);
        const auto second = join({start, bytes({1}), endless});
        in = second;
        CHECK(spop::take_frame_header(in).error() == spop::Errc::varint_overflow);
    }
}
