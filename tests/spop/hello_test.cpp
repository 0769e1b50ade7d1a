#include "spop/hello.hpp"

#include "bytes_literal.hpp"
#include "spop/error.hpp"
#include "spop/wire.hpp"

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
using spoa::test::typed_bool;
using spoa::test::typed_text;
using spoa::test::typed_u32;
using spop::Errc;

namespace {

const Bytes versions = join({bytes({18}), raw("supported-versions"), bytes({0x08, 3}), raw("2.0")});
const Bytes frame_size =
    join({bytes({14}), raw("max-frame-size"), bytes({0x03, 0xfc, 0xf0, 0x06})});
const Bytes capabilities =
    join({bytes({12}), raw("capabilities"), bytes({0x08, 10}), raw("pipelining")});
const Bytes engine_id = join({bytes({9}), raw("engine-id"), bytes({0x08, 4}), raw("1-2f")});

// As HAProxy 3.2 sends it, but for a shorter engine-id.
const Bytes known = join({versions, frame_size, capabilities, engine_id});

// What a health check of HAProxy sends: empty capabilities, no engine-id.
const Bytes known_check = join(
    {versions,
     frame_size,
     bytes({12}),
     raw("capabilities"),
     bytes({0x08, 0}),
     bytes({11}),
     raw("healthcheck"),
     bytes({0x11})});

spop::HaproxyHello offer(std::string_view supported_versions, std::uint32_t max_frame_size = 16380)
{
    return {supported_versions, max_frame_size, "pipelining", false, ""};
}

}  // namespace

TEST_SUITE("spop/hello")
{
    TEST_CASE("HAProxy's HELLO is read")
    {
        const auto hello = spop::parse_haproxy_hello(known).value();
        CHECK(hello.supported_versions == "2.0");
        CHECK(hello.max_frame_size == 16380);
        CHECK(hello.capabilities == "pipelining");
        CHECK_FALSE(hello.healthcheck);
        CHECK(hello.engine_id == "1-2f");
    }

    TEST_CASE("a health check's HELLO is read")
    {
        const auto hello = spop::parse_haproxy_hello(known_check).value();
        CHECK(hello.healthcheck);
        CHECK(hello.capabilities.empty());
        CHECK(hello.engine_id.empty());
    }

    TEST_CASE("items come in any order, unknown ones among them")
    {
        const auto shuffled = join(
            {item("unknown", typed(0)),
             capabilities,
             item("", typed(9, bytes({0}))),
             frame_size,
             versions});
        CHECK(spop::parse_haproxy_hello(shuffled).value().max_frame_size == 16380);
    }

    TEST_CASE("a healthcheck of false is no health check")
    {
        const auto hello = join({known, item("healthcheck", typed_bool(false))});
        CHECK_FALSE(spop::parse_haproxy_hello(hello).value().healthcheck);
    }

    TEST_CASE("each mandatory item must be there")
    {
        CHECK(spop::parse_haproxy_hello({}).error() == Errc::no_version);
        CHECK(
            spop::parse_haproxy_hello(join({frame_size, capabilities})).error() ==
            Errc::no_version);
        CHECK(
            spop::parse_haproxy_hello(join({versions, capabilities})).error() ==
            Errc::no_max_frame_size);
        CHECK(
            spop::parse_haproxy_hello(join({versions, frame_size})).error() ==
            Errc::no_capabilities);
    }

    TEST_CASE("each item must have its type")
    {
        for (const auto& wrong :
             {item("supported-versions", typed_u32(2)),
              item("max-frame-size", typed_text("16380")),
              item("max-frame-size", typed(4, bytes({1}))),
              item("capabilities", typed(0)),
              item("capabilities", typed(9, bytes({0}))),
              item("healthcheck", typed_u32(1)),
              item("engine-id", typed_bool(true))}) {
            CAPTURE(std::string(as_text(wrong)));
            CHECK(spop::parse_haproxy_hello(join({known, wrong})).error() == Errc::bad_type);
        }
    }

    TEST_CASE("a HELLO cut at any byte is an error")
    {
        const auto mandatory = join({versions, frame_size, capabilities});
        for (std::size_t size = 0; size < mandatory.size(); ++size) {
            CAPTURE(size);
            CHECK_FALSE(spop::parse_haproxy_hello(prefix(mandatory, size)).has_value());
        }
    }

    TEST_CASE("a length beyond the frame is an error")
    {
        const auto endless = join(
            {raw("\x12"), raw("supported-versions"), bytes({0x08}), Bytes(11, std::byte{255})});
        CHECK(spop::parse_haproxy_hello(endless).error() == Errc::varint_overflow);
        const auto huge = join({test::varint(std::uint64_t{1} << 63), raw("supported-versions")});
        CHECK(spop::parse_haproxy_hello(huge).error() == Errc::truncated);
    }

    TEST_CASE("SPOP 2.0 is spoken with whoever offers any 2.x")
    {
        for (const std::string good : {"2.0", "2.1", "1.0, 2.0", "1.0,2.0", "2.0, 1.5", " 2.0 ,"}) {
            CAPTURE(good);
            CHECK(spop::negotiate(offer(good), 16380).has_value());
        }
        for (const std::string bad :
             {"", ",", " ", "1.0", "3.0", "1.0, 3.0", "12.0", "20", "2", "2.", "v2.0", "1.2.0"}) {
            CAPTURE(bad);
            CHECK(spop::negotiate(offer(bad), 16380).error() == Errc::unsupported_version);
        }
    }

    TEST_CASE("the smaller frame size holds")
    {
        CHECK(spop::negotiate(offer("2.0", 16380), 65535).value().max_frame_size == 16380);
        CHECK(spop::negotiate(offer("2.0", 65535), 16380).value().max_frame_size == 16380);
        CHECK(spop::negotiate(offer("2.0", 0xffffffff), 16380).value().max_frame_size == 16380);
        CHECK(spop::negotiate(offer("2.0", 256), 16380).value().max_frame_size == 256);
    }

    TEST_CASE("a frame size below the specification's 256 bytes is refused")
    {
        for (const std::uint32_t size : {0U, 1U, 255U}) {
            CAPTURE(size);
            CHECK(spop::negotiate(offer("2.0", size), 16380).error() == Errc::bad_max_frame_size);
        }
    }

    TEST_CASE("pipelining is agreed on only when it was offered")
    {
        const auto pipelining = [](std::string_view offered) {
            auto hello = offer("2.0");
            hello.capabilities = offered;
            return spop::negotiate(hello, 16380).value().pipelining;
        };
        CHECK(pipelining("pipelining"));
        CHECK(pipelining("pipelining,async"));
        CHECK(pipelining("async , pipelining "));
        CHECK_FALSE(pipelining(""));
        CHECK_FALSE(pipelining("async,fragmentation"));
        CHECK_FALSE(pipelining("pipelining2"));
        CHECK_FALSE(pipelining("nopipelining"));
    }

    TEST_CASE("known bytes of an AGENT-HELLO")
    {
        Bytes out;
        spop::put_agent_hello(out, {.max_frame_size = 16380, .pipelining = true});
        const auto expected = join(
            {bytes({0, 0, 0, 64, 101, 0, 0, 0, 1, 0, 0}),
             bytes({7}),
             raw("version"),
             bytes({0x08, 3}),
             raw("2.0"),
             frame_size,
             capabilities});
        CHECK(out == expected);
    }

    TEST_CASE("without pipelining the capabilities are there and empty")
    {
        Bytes out;
        spop::put_agent_hello(out, {.max_frame_size = 256});
        const auto end = join({bytes({12}), raw("capabilities"), bytes({0x08, 0})});
        REQUIRE(out.size() > end.size());
        CHECK(Bytes(out.end() - static_cast<std::ptrdiff_t>(end.size()), out.end()) == end);
    }
}
