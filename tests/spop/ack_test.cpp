#include "spop/ack.hpp"

#include "bytes_literal.hpp"
#include "spop/wire.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>

using namespace spoa;
using namespace std::string_view_literals;
using spoa::test::bytes;
using spoa::test::join;
using spoa::test::raw;
using spop::Scope;

namespace {

Bytes one_action()
{
    Bytes actions;
    spop::put_set_var(actions, Scope::session, "state", "ok"sv);
    return actions;
}

}  // namespace

TEST_SUITE("spop/ack")
{
    TEST_CASE("known bytes of a set-var")
    {
        // <1> <3 arguments> <session = 1> <name> <typed value>
        CHECK(
            one_action() == join({bytes({1, 3, 1, 5}), raw("state"), bytes({0x08, 2, 'o', 'k'})}));
    }

    TEST_CASE("known bytes of an unset-var")
    {
        Bytes actions;
        spop::put_unset_var(actions, Scope::session, "ip");
        CHECK(actions == bytes({2, 2, 1, 2, 'i', 'p'}));  // <2> <2 arguments> <session> <name>
    }

    TEST_CASE("each scope has the number of the specification")
    {
        unsigned number = 0;
        for (const auto scope :
             {Scope::process,
              Scope::session,
              Scope::transaction,
              Scope::request,
              Scope::response}) {
            CAPTURE(number);
            Bytes actions;
            spop::put_unset_var(actions, scope, "a");
            CHECK(actions == bytes({2, 2, number, 1, 'a'}));
            ++number;
        }
    }

    TEST_CASE("known bytes of an ACK: the NOTIFY's ids, FIN alone, the actions")
    {
        Bytes out = bytes({0x55});
        const spop::FrameHeader notify{
            .type = spop::FrameType::notify, .flags = 0x80000001, .stream_id = 240, .frame_id = 7};
        spop::put_ack(out, notify, bytes({2, 2, 1, 1, 'a'}));
        CHECK(out == bytes({0x55, 0, 0, 0, 13, 103, 0, 0, 0, 1, 0xf0, 0x00, 7, 2, 2, 1, 1, 'a'}));
    }

    TEST_CASE("no ACK is larger than what is foretold")
    {
        const auto actions = one_action();
        constexpr auto most = std::numeric_limits<std::uint64_t>::max();
        for (const std::uint64_t id : {std::uint64_t{0}, std::uint64_t{240}, most}) {
            CAPTURE(id);
            Bytes out;
            spop::put_ack(out, {.stream_id = id, .frame_id = id}, actions);
            CHECK(out.size() - spop::length_prefix_size <= spop::largest_ack_size(actions.size()));
        }
        Bytes out;
        spop::put_ack(out, {.stream_id = most, .frame_id = most}, actions);
        CHECK(out.size() - spop::length_prefix_size == spop::largest_ack_size(actions.size()));
    }
}
