#include "resp/reader.hpp"

#include "resp/values.hpp"

#include <boost/system/errc.hpp>
#include <doctest/doctest.h>

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace spoa;
using namespace std::string_literals;
using namespace std::string_view_literals;
using resp::Reader;
using resp::Value;
using spoa::test::array;
using spoa::test::bulk;
using spoa::test::error;
using spoa::test::integer;
using spoa::test::nil;
using spoa::test::status;

namespace errc = boost::system::errc;

namespace {

struct Known {
    std::string wire;
    Value value;
};

const std::vector<Known> known{
    {"+OK\r\n", status("OK")},
    {"+\r\n", status("")},
    {"-NOAUTH Authentication required.\r\n", error("NOAUTH Authentication required.")},
    {":0\r\n", integer(0)},
    {":-1\r\n", integer(-1)},
    {":9223372036854775807\r\n", integer(std::numeric_limits<std::int64_t>::max())},
    {":-9223372036854775808\r\n", integer(std::numeric_limits<std::int64_t>::min())},
    {"$5\r\nhello\r\n", bulk("hello")},
    {"$0\r\n\r\n", bulk("")},
    {"$4\r\na\r\nb\r\n", bulk("a\r\nb")},  // a bulk string is its length, not its line
    {"$-1\r\n", nil()},
    {"*-1\r\n", nil()},
    {"*0\r\n", array({})},
    // GET-MASTER-ADDR-BY-NAME
    {"*2\r\n$9\r\n127.0.0.1\r\n$5\r\n17001\r\n", array({bulk("127.0.0.1"), bulk("17001")})},
    // a published message
    {"*3\r\n$7\r\nmessage\r\n$5\r\n+tilt\r\n$18\r\n#tilt mode entered\r\n",
     array({bulk("message"), bulk("+tilt"), bulk("#tilt mode entered")})},
    // ROLE of a Sentinel, and every type inside an array
    {"*2\r\n$8\r\nsentinel\r\n*1\r\n$8\r\nmymaster\r\n",
     array({bulk("sentinel"), array({bulk("mymaster")})})},
    {"*6\r\n+OK\r\n-ERR x\r\n:7\r\n$-1\r\n*0\r\n*2\r\n*1\r\n:1\r\n*-1\r\n",
     array(
         {status("OK"),
          error("ERR x"),
          integer(7),
          nil(),
          array({}),
          array({array({integer(1)}), nil()})})},
};

// What comes out of one feed, at most one reply.
result<std::optional<Value>> read(std::string_view wire, resp::ReaderLimits limits = {})
{
    Reader reader(limits);
    reader.feed(wire);
    return reader.next();
}

}  // namespace

TEST_SUITE("resp/reader")
{
    TEST_CASE("every type of RESP2 becomes its value")
    {
        for (const auto& c : known) {
            CAPTURE(c.wire);
            const auto reply = read(c.wire);
            REQUIRE(reply.has_value());
            REQUIRE(reply->has_value());
            CHECK(**reply == c.value);
        }
    }

    TEST_CASE("a reply that arrives byte by byte comes out once, with its last byte")
    {
        for (const auto& c : known) {
            CAPTURE(c.wire);
            Reader reader;
            for (std::size_t i = 0; i < c.wire.size(); ++i) {
                CAPTURE(i);
                CHECK_FALSE(reader.next().value().has_value());
                reader.feed(std::string_view(c.wire).substr(i, 1));
            }
            CHECK(reader.next().value().value() == c.value);
            CHECK_FALSE(reader.next().value().has_value());
        }
    }

    TEST_CASE("pipelined replies come out one after the other, whatever the cut between two reads")
    {
        std::string wire;
        for (const auto& c : known)
            wire += c.wire;
        for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
            CAPTURE(cut);
            Reader reader;
            std::vector<Value> replies;
            for (const auto part :
                 {std::string_view(wire).substr(0, cut), std::string_view(wire).substr(cut)}) {
                reader.feed(part);
                while (auto reply = reader.next().value())
                    replies.push_back(*std::move(reply));
            }
            REQUIRE(replies.size() == known.size());
            for (std::size_t i = 0; i < known.size(); ++i)
                CHECK(replies[i] == known[i].value);
        }
    }

    TEST_CASE("an error reply keeps its whole text, its first word included")
    {
        const auto reply = read("-WRONGPASS invalid username-password pair\r\n").value().value();
        REQUIRE(reply.error());
        CHECK(reply.error()->text == "WRONGPASS invalid username-password pair");
        CHECK(reply.text() == nullptr);
        CHECK(reply.array() == nullptr);
        CHECK_FALSE(reply.is_nil());
    }

    TEST_CASE("bulk strings may hold any bytes")
    {
        CHECK(read("$3\r\n\0\xff\n\r\n"sv).value().value() == bulk("\0\xff\n"s));
    }

    TEST_CASE("bytes that are no RESP are an error, and stay one")
    {
        for (const std::string_view wire :
             {"HTTP/1.1 400 Bad Request\r\n\r\n"sv,
              "\r\n"sv,
              "\0\0\0\x7b\1"sv,
              "PONG\r\n"sv,
              "*1\r\nx\r\n"sv,
              "$x\r\n"sv,
              "$-2\r\n"sv,
              "*-2\r\n"sv,
              "*x\r\n"sv,
              ":\r\n"sv,
              ":1x\r\n"sv,
              ":9223372036854775808\r\n"sv,
              "*99999999999\r\n"sv,
              "*9223372036854775807\r\n"sv,
              "*18446744073709551617\r\n"sv,
              "$99999999999999999999\r\n"sv}) {
            CAPTURE(std::string(wire));
            Reader reader;
            reader.feed(wire);
            CHECK(reader.next().error() == errc::bad_message);
            reader.feed("+OK\r\n");
            CHECK(reader.next().error() == errc::bad_message);
        }
    }

    TEST_CASE("the types of RESP3, which is never asked for, are errors")
    {
        for (const std::string_view wire :
             {"_\r\n",
              "#t\r\n",
              ",1.5\r\n",
              "(12345678901234567890\r\n",
              "!5\r\nERR x\r\n",
              "=5\r\ntxt:x\r\n",
              "%1\r\n+a\r\n+b\r\n",
              "~1\r\n+a\r\n",
              ">1\r\n+a\r\n",
              "|1\r\n+a\r\n+b\r\n+c\r\n"}) {
            CAPTURE(std::string(wire));
            CHECK(read(wire).error() == errc::bad_message);
            CHECK(read("*2\r\n+ok\r\n" + std::string(wire)).error() == errc::bad_message);
        }
    }

    TEST_CASE("good replies before garbage still come out")
    {
        Reader reader;
        reader.feed("+OK\r\nx\r\n");
        CHECK(reader.next().value().value() == status("OK"));
        CHECK(reader.next().error() == errc::bad_message);
    }

    TEST_CASE("an array may have as many elements as the limit says")
    {
        const resp::ReaderLimits limits{.array_elements = 3};
        CHECK(read("*3\r\n:1\r\n:2\r\n:3\r\n", limits).value().value().array()->size() == 3);
        CHECK(read("*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n", limits).error() == errc::bad_message);
        CHECK(read("*1\r\n*4\r\n", limits).error() == errc::bad_message);
    }

    TEST_CASE("an announced array costs nothing until its elements come")
    {
        const auto limit = resp::ReaderLimits().array_elements;
        CHECK_FALSE(read("*" + std::to_string(limit) + "\r\n").value().has_value());
        CHECK(read("*" + std::to_string(limit + 1) + "\r\n").error() == errc::bad_message);
        CHECK(read("*2147483647\r\n").error() == errc::bad_message);
    }

    TEST_CASE("arrays nested too deeply are an error")
    {
        std::string wire;
        for (int i = 0; i < 1000; ++i)
            wire += "*1\r\n";
        CHECK(read(wire).error() == errc::bad_message);
    }

    TEST_CASE("a reply that grows beyond the limit without end is given up")
    {
        const resp::ReaderLimits limits{.reply_bytes = 100};
        CHECK_FALSE(read("$1000\r\n" + std::string(93, 'x'), limits).value().has_value());
        CHECK(read("$1000\r\n" + std::string(94, 'x'), limits).error() == errc::message_size);
        CHECK(read("+" + std::string(100, 'x'), limits).error() == errc::message_size);

        std::string elements = "*1000\r\n";
        for (int i = 0; i < 30; ++i)
            elements += ":1\r\n";
        CHECK(read(elements, limits).error() == errc::message_size);
    }

    TEST_CASE("a bulk length beyond all memory is waited for no longer than the limit")
    {
        for (const std::string length : {"4294967295", "9223372036854775807"}) {
            CAPTURE(length);
            Reader reader(resp::ReaderLimits{.reply_bytes = 100});
            reader.feed("$" + length + "\r\n");
            CHECK_FALSE(reader.next().value().has_value());
            reader.feed(std::string(100, 'x'));
            CHECK(reader.next().error() == errc::message_size);
        }
    }

    TEST_CASE("the limit is of one reply, not of all that ever came")
    {
        Reader reader(resp::ReaderLimits{.reply_bytes = 100});
        for (int i = 0; i < 100; ++i) {
            CAPTURE(i);
            reader.feed("$50\r\n" + std::string(50, 'x') + "\r\n$50\r\n");
            CHECK(reader.next().value().has_value());
            CHECK_FALSE(reader.next().value().has_value());
            reader.feed(std::string(50, 'y') + "\r\n");
            CHECK(reader.next().value().value() == bulk(std::string(50, 'y')));
            CHECK_FALSE(reader.next().value().has_value());
        }
    }

    TEST_CASE("a reader may be moved, also in the middle of a reply")
    {
        Reader first;
        first.feed("*2\r\n:1\r\n");
        CHECK_FALSE(first.next().value().has_value());
        Reader second(std::move(first));
        second.feed(":2\r\n");
        CHECK(second.next().value().value() == array({integer(1), integer(2)}));
    }

    TEST_CASE("a reader with half a reply can be dropped")
    {
        for (const std::string_view wire :
             {"*2\r\n*1\r\n$3\r\nabc\r\n", "*2\r\n*3\r\n:1\r\n", "$5\r\nhe"}) {
            Reader reader;
            reader.feed(wire);
            CHECK_FALSE(reader.next().value().has_value());
        }
    }
}
