#include "agent/hand_over.hpp"

#include "bytes_literal.hpp"
#include "spop/wire.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace spoa;
using agent::decode_hand_over;
using agent::encode;
using agent::HandOver;
using spoa::test::bytes;
using spoa::test::join;
using spoa::test::prefix;
using spoa::test::raw;
using spoa::test::u32;

namespace {

constexpr std::uint32_t frame_size = 16'380;

Bytes message(unsigned version, unsigned greeted, std::uint32_t size, const Bytes& rest)
{
    return join({bytes({version, greeted}), u32(size), rest});
}

}  // namespace

TEST_SUITE("agent/hand_over")
{
    TEST_CASE("known bytes")
    {
        const auto encoded = encode({true, 256, bytes({0, 0}), bytes({7, 8, 9})});
        CHECK(encoded == bytes({1, 1, 0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 7, 8, 9}));
    }

    TEST_CASE("what was handed over is what arrives")
    {
        const std::vector<HandOver> states{
            {false, frame_size, {}, {}},
            {true, 256, {}, {}},
            {true, 1'048'576, {}, {}},
            {false, frame_size, bytes({0}), {}},
            {true, frame_size, bytes({0, 0, 0x3f, 0xfc}), {}},
            {true, frame_size, join({u32(frame_size), Bytes(frame_size - 1)}), {}},
            {true, frame_size, join({u32(9), raw("12345678")}), Bytes(100'000, std::byte{3})}};
        for (const auto& state : states)
            CHECK(decode_hand_over(encode(state)).value() == state);
    }

    TEST_CASE("cut before the end of what it says is unread, it is refused")
    {
        const auto whole = encode({true, frame_size, bytes({0, 0, 1}), {}});
        REQUIRE(decode_hand_over(whole).has_value());
        for (std::size_t size = 0; size < whole.size(); ++size)
            CHECK_FALSE(decode_hand_over(prefix(whole, size)).has_value());
    }

    TEST_CASE("what no conversation can have come to is refused")
    {
        const auto nothing_unread = u32(0);
        REQUIRE(decode_hand_over(message(1, 1, frame_size, nothing_unread)).has_value());
        for (const auto& wrong : std::vector<Bytes>{
                 message(0, 1, frame_size, nothing_unread),    // another version
                 message(2, 1, frame_size, nothing_unread),    //
                 message(1, 2, frame_size, nothing_unread),    // neither greeted nor not
                 message(1, 1, 255, nothing_unread),           // less than SPOP has
                 message(1, 1, 1'048'577, nothing_unread),     // more than can be configured
                 message(1, 1, 0xffff'ffff, nothing_unread),   //
                 message(1, 1, frame_size, u32(0xffff'ffff)),  // more than there is
                 message(1, 0, frame_size, join({u32(0), raw("x")})),  // a word before the greeting
                 // A whole frame, and the start of one that is too long:
                 message(1, 1, frame_size, join({u32(5), u32(1), raw("x")})),
                 message(1, 1, frame_size, join({u32(4), u32(frame_size + 1)}))})
            CHECK_FALSE(decode_hand_over(wrong).has_value());
    }
}
