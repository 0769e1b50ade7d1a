#include "agent/message_query.hpp"

#include "agent/spop_frames.hpp"
#include "bytes_literal.hpp"
#include "spop/error.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

using namespace spoa;
using agent::parse_query;
using agent::Role;
using spoa::test::bytes;
using spoa::test::item;
using spoa::test::join;
using spoa::test::message;
using spoa::test::prefix;
using spoa::test::question;
using spoa::test::question_about;
using spoa::test::raw;
using spoa::test::typed;
using spoa::test::typed_bool;
using spoa::test::typed_text;
using spoa::test::typed_u32;
using spoa::test::varint;

namespace {

// One value of each of the ten types.
const std::vector<Bytes> all_types{
    typed(0),
    typed_bool(true),
    typed(2, varint(~std::uint64_t{0})),
    typed_u32(1),
    typed(4, varint(1)),
    typed(5, varint(1)),
    typed(6, bytes({10, 0, 0, 1})),
    typed(7, Bytes(16)),
    typed_text("text"),
    typed(9, bytes({2, 0x00, 0xff})),
};

}  // namespace

TEST_SUITE("agent/message_query")
{
    TEST_CASE("known bytes of a question")
    {
        const auto payload = join(
            {bytes({16}),
             raw("sentinel-verdict"),
             bytes({2}),
             bytes({6}),
             raw("master"),
             bytes({0x08, 6}),
             raw("orders"),
             bytes({4}),
             raw("role"),
             bytes({0x08, 6}),
             raw("master")});
        const auto query = parse_query(payload).value();
        CHECK(query.asked);
        CHECK(query.master == "orders");
        CHECK_FALSE(query.bad_master);
        CHECK(query.role == Role::master);
    }

    TEST_CASE("a question without arguments asks for the master of the one name")
    {
        const auto query = parse_query(question()).value();
        CHECK(query.asked);
        CHECK_FALSE(query.master.has_value());
        CHECK_FALSE(query.bad_master);
        CHECK(query.role == Role::master);
    }

    TEST_CASE("no message, or only others', asks nothing")
    {
        CHECK_FALSE(parse_query({}).value().asked);
        CHECK_FALSE(
            parse_query(message("check-ip", {item("master", typed_text("a"))})).value().asked);
        CHECK_FALSE(parse_query(message("sentinel-verdict2")).value().asked);
        CHECK_FALSE(parse_query(message("")).value().asked);
    }

    TEST_CASE("only a string is a name")
    {
        for (const auto& value : all_types) {
            CAPTURE(std::to_integer<unsigned>(value[0]));
            const auto query = parse_query(question({item("master", value)})).value();
            const bool is_string = std::to_integer<unsigned>(value[0]) == 8;
            CHECK(query.bad_master == !is_string);
            CHECK(query.master.has_value() == is_string);
        }
    }

    TEST_CASE("only the strings 'master' and 'replica' are roles")
    {
        CHECK(
            parse_query(question({item("role", typed_text("replica"))})).value().role ==
            Role::replica);
        for (const std::string role : {"replicas", "slave", "", "Master", "master "}) {
            CAPTURE(role);
            CHECK(
                parse_query(question({item("role", typed_text(role))})).value().role ==
                Role::unknown);
        }
        for (const auto& value : all_types)
            CHECK(parse_query(question({item("role", value)})).value().role == Role::unknown);
    }

    TEST_CASE("arguments that are not ours are skipped, of all ten types")
    {
        std::vector<Bytes> arguments;
        for (const auto& value : all_types)
            arguments.push_back(item("fe", value));
        arguments.push_back(item("", typed_text("without a name")));
        arguments.push_back(item("master", typed_text("orders")));
        for (const auto& value : all_types)
            arguments.push_back(item("Master", value));
        const auto payload = question(arguments);
        const auto query = parse_query(payload).value();
        CHECK(query.master == "orders");
        CHECK_FALSE(query.bad_master);
    }

    TEST_CASE("messages that are not ours are skipped with their arguments")
    {
        const auto other = message(
            "other", {item("master", typed_text("wrong")), item("role", typed_text("replica"))});
        for (const auto& payload :
             {join({other, question_about("orders")}),
              join({question_about("orders"), other}),
              join({other, message("none"), question_about("orders"), other})}) {
            const auto query = parse_query(payload).value();
            CHECK(query.asked);
            CHECK(query.master == "orders");
            CHECK(query.role == Role::master);
        }
    }

    TEST_CASE("of several questions the last one counts, and nothing of the others")
    {
        const auto first =
            question({item("master", typed_text("orders")), item("role", typed_text("replica"))});
        CHECK(parse_query(join({first, question_about("carts")})).value().master == "carts");
        const auto query = parse_query(join({first, question()})).value();
        CHECK_FALSE(query.master.has_value());
        CHECK(query.role == Role::master);
    }

    TEST_CASE("an argument that is given twice has its last value")
    {
        const auto good = item("master", typed_text("orders"));
        const auto bad = item("master", typed_u32(1));
        const auto payload = question({bad, good});
        const auto last_good = parse_query(payload).value();
        CHECK(last_good.master == "orders");
        CHECK_FALSE(last_good.bad_master);
        CHECK(parse_query(question({good, bad})).value().bad_master);
    }

    TEST_CASE("255 arguments are read")
    {
        const std::vector<Bytes> many(254, item("a", typed_u32(1)));
        auto arguments = many;
        arguments.push_back(item("master", typed_text("orders")));
        CHECK(parse_query(question(arguments)).value().master == "orders");
    }

    TEST_CASE("a payload cut at any byte is an error")
    {
        std::vector<Bytes> arguments;
        for (const auto& value : all_types)
            arguments.push_back(item("a", value));
        const auto payload = question(arguments);
        for (std::size_t size = 1; size < payload.size(); ++size) {
            CAPTURE(size);
            CHECK(parse_query(prefix(payload, size)).error() == spop::Errc::truncated);
        }
    }

    TEST_CASE("more arguments announced than there are is an error")
    {
        auto payload = message("other", {item("a", typed_u32(1))});
        payload[6] = std::byte{255};
        CHECK(parse_query(payload).error() == spop::Errc::truncated);
        payload[6] = std::byte{0};  // the argument is then read as a message
        CHECK_FALSE(parse_query(payload).has_value());
    }

    TEST_CASE("lengths beyond the frame are errors, however large")
    {
        for (const std::uint64_t length :
             {std::uint64_t{100},
              std::uint64_t{0xffffffff},
              std::uint64_t{1} << 63,
              ~std::uint64_t{0}}) {
            CAPTURE(length);
            const auto too_long = varint(length);
            for (const auto& payload :
                 {join({too_long, raw("sentinel-verdict")}),
                  join({test::text("sentinel-verdict"), bytes({1}), too_long, raw("master")}),
                  question({item("master", typed(8, join({too_long, raw("orders")})))}),
                  message("other", {item("a", typed(9, join({too_long, raw("x")})))})})
                CHECK(parse_query(payload).error() == spop::Errc::truncated);
        }
        const Bytes endless(11, std::byte{0xff});
        CHECK(
            parse_query(question({item("a", typed(4, endless))})).error() ==
            spop::Errc::varint_overflow);
        CHECK(parse_query(question({item("a", typed(10))})).error() == spop::Errc::bad_type);
    }
}
