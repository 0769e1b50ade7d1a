#include "spop/disconnect.hpp"

#include "bytes_literal.hpp"
#include "spop/error.hpp"
#include "spop/wire.hpp"

#include <boost/system/errc.hpp>
#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

using namespace spoa;
using spoa::test::bytes;
using spoa::test::item;
using spoa::test::join;
using spoa::test::prefix;
using spoa::test::raw;
using spoa::test::typed;
using spoa::test::typed_text;
using spoa::test::typed_u32;
using spop::DisconnectStatus;
using spop::Errc;

TEST_SUITE("spop/disconnect")
{
    TEST_CASE("known bytes of an AGENT-DISCONNECT")
    {
        Bytes out = bytes({0x55});
        spop::put_agent_disconnect(out, DisconnectStatus::too_big, "no");
        CHECK(
            out == join(
                       {bytes({0x55, 0, 0, 0, 33, 102, 0, 0, 0, 1, 0, 0}),
                        bytes({11}),
                        raw("status-code"),
                        bytes({0x03, 3}),
                        bytes({7}),
                        raw("message"),
                        bytes({0x08, 2, 'n', 'o'})}));
    }

    TEST_CASE("every refusal has the status code of the specification")
    {
        struct Case {
            Errc error;
            std::uint32_t status;
        };
        const std::vector<Case> cases{
            {Errc::truncated, 4},
            {Errc::varint_overflow, 4},
            {Errc::frame_too_big, 3},
            {Errc::frame_too_small, 4},
            {Errc::bad_type, 4},
            {Errc::unexpected_frame, 4},
            {Errc::fragmented, 10},
            {Errc::no_version, 5},
            {Errc::no_max_frame_size, 6},
            {Errc::no_capabilities, 7},
            {Errc::unsupported_version, 8},
            {Errc::bad_max_frame_size, 9},
        };
        for (const auto& c : cases) {
            const error_code error = c.error;
            CAPTURE(error.message());
            CHECK(static_cast<std::uint32_t>(spop::disconnect_status(error)) == c.status);
            CHECK(error.message() != "unknown SPOP error");
        }
    }

    TEST_CASE("an error that is none of SPOP's is an unknown one")
    {
        // The same number as Errc::frame_too_big, in another category.
        const error_code other = make_error_code(boost::system::errc::no_such_process);
        CHECK(other.value() == static_cast<int>(Errc::frame_too_big));
        CHECK(spop::disconnect_status(other) == DisconnectStatus::unknown_error);
    }

    TEST_CASE("HAProxy's farewell is read, whatever else it holds")
    {
        const auto payload = join(
            {item("reason", typed(0)),
             item("status-code", typed_u32(2)),
             item("message", typed_text("a timeout occurred"))});
        const auto farewell = spop::parse_haproxy_disconnect(payload).value();
        CHECK(farewell.status_code == 2);
        CHECK(farewell.message == "a timeout occurred");
    }

    TEST_CASE("a farewell without its items, or with others than they should be, has defaults")
    {
        for (const auto& payload :
             {Bytes(),
              item("status-code", typed_text("2")),
              item("message", typed_u32(2)),
              item("Status-Code", typed_u32(2))}) {
            const auto farewell = spop::parse_haproxy_disconnect(payload).value();
            CHECK(farewell.status_code == 0);
            CHECK(farewell.message.empty());
        }
    }

    TEST_CASE("a farewell cut inside an item is an error")
    {
        const auto code = item("status-code", typed_u32(2));
        const auto whole = join({code, item("message", typed_text("bye"))});
        for (std::size_t size = 1; size < whole.size(); ++size) {
            CAPTURE(size);
            const auto farewell = spop::parse_haproxy_disconnect(prefix(whole, size));
            if (size == code.size())
                CHECK(farewell.value().message.empty());
            else
                CHECK(farewell.error() == Errc::truncated);
        }
    }
}
