#include "spop/u32.hpp"

#include "bytes_literal.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>

using namespace spoa;
using spoa::test::bytes;

TEST_SUITE("spop/u32")
{
    TEST_CASE("known bytes, both ways")
    {
        std::array<std::byte, spop::u32_size> out{};
        spop::put_u32(out.data(), 0x01'02'03'fe);
        CHECK(Bytes(out.begin(), out.end()) == bytes({1, 2, 3, 0xfe}));
        CHECK(spop::get_u32(out) == 0x01'02'03'fe);
    }

    TEST_CASE("borders come back as they were")
    {
        for (const std::uint32_t value :
             {0U, 0xffU, 0x100U, 0xff'ffffU, 0x7fff'ffffU, 0xffff'ffffU}) {
            std::array<std::byte, spop::u32_size> out{};
            spop::put_u32(out.data(), value);
            CHECK(spop::get_u32(out) == value);
        }
    }

    TEST_CASE("what follows is left alone")
    {
        CHECK(spop::get_u32(bytes({0, 0, 0, 7, 9})) == 7);
    }
}
