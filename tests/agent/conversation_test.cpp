#include "agent/conversation.hpp"

#include "agent/spop_frames.hpp"
#include "agent/verdicts.hpp"
#include "bytes_literal.hpp"
#include "spop/error.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace spoa;
using agent::Conversation;
using agent::Desk;
using spoa::test::AgentFrame;
using spoa::test::bytes;
using spoa::test::counted;
using spoa::test::frame;
using spoa::test::frames_in;
using spoa::test::good_verdict;
using spoa::test::haproxy_disconnect;
using spoa::test::haproxy_hello;
using spoa::test::hello_payload;
using spoa::test::item;
using spoa::test::items_in;
using spoa::test::join;
using spoa::test::message;
using spoa::test::notify;
using spoa::test::Offer;
using spoa::test::prefix;
using spoa::test::question;
using spoa::test::question_about;
using spoa::test::raw;
using spoa::test::shut_verdict;
using spoa::test::snapshot_of;
using spoa::test::typed;
using spoa::test::typed_bool;
using spoa::test::typed_text;
using spoa::test::typed_u32;
using spoa::test::Variables;
using spoa::test::variables_in;
using spoa::test::varint;
using verdict::State;

namespace {

constexpr std::uint32_t own_frame_size = 16'380;
constexpr unsigned agent_hello = 101;
constexpr unsigned agent_disconnect = 102;
constexpr unsigned ack = 103;

// A connection to a worker that knows the names; every one has the same good verdict.
struct Line {
    Desk desk;
    Conversation conversation;
    Bytes reply;  // to the last frame

    explicit Line(
        std::vector<std::string> names = {"orders"}, std::uint32_t size = own_frame_size,
        agent::Seats* seats = nullptr)
        : desk{snapshot_of(names, std::vector(names.size(), good_verdict())), agent::Tally(names.size()), false, seats},
          conversation(desk, size)
    {}

    // Whether the connection stays open.
    bool say(ByteView one)
    {
        reply.clear();
        return conversation.on_frame(one, reply);
    }

    AgentFrame only_frame() const
    {
        const auto frames = frames_in(reply);
        REQUIRE(frames.size() == 1);
        return frames[0];
    }

    // What an ACK that came in answer to these messages says.
    Variables asked(const Bytes& messages)
    {
        REQUIRE(say(notify(messages)));
        const auto answer = only_frame();
        REQUIRE(answer.type == ack);
        return variables_in(answer.payload);
    }

    // The status code of an AGENT-DISCONNECT, the last word of a connection.
    std::string farewell() const
    {
        const auto last = only_frame();
        REQUIRE(last.type == agent_disconnect);
        CHECK(last.flags == 1);
        CHECK(last.stream_id == 0);
        CHECK(last.frame_id == 0);
        auto items = items_in(last.payload);
        CHECK(items.size() == 2);
        CHECK(items["message"].starts_with("string "));
        CHECK(items["message"].size() > std::string("string ").size());
        return items["status-code"];
    }
};

// A connection that has greeted.
struct OpenLine : Line {
    explicit OpenLine(
        std::vector<std::string> names = {"orders"}, std::uint32_t size = own_frame_size)
        : Line(std::move(names), size)
    {
        greet();
    }
    explicit OpenLine(agent::Seats& seats) : Line({"orders"}, own_frame_size, &seats) { greet(); }

private:
    void greet()
    {
        REQUIRE(say(haproxy_hello()));
        reply.clear();
    }
};

// What the agent says to a HELLO with this offer.
Variables agreed(const Offer& offer)
{
    Line line;
    REQUIRE(line.say(haproxy_hello(offer)));
    const auto hello = line.only_frame();
    REQUIRE(hello.type == agent_hello);
    CHECK(hello.flags == 1);
    CHECK(hello.stream_id == 0);
    CHECK(hello.frame_id == 0);
    return items_in(hello.payload);
}

Offer offer_with(Bytes Offer::*which, const Bytes& value)
{
    Offer offer;
    offer.*which = value;
    return offer;
}

}  // namespace

TEST_SUITE("agent/conversation")
{
    TEST_CASE("HAProxy's HELLO is answered with version, frame size and capabilities")
    {
        CHECK(
            agreed({.engine_id = typed_text("6ba7b810-9dad-11d1-80b4-00c04fd430c8")}) ==
            Variables{
                {"version", "string 2.0"},
                {"max-frame-size", "uint32 16380"},
                {"capabilities", "string pipelining"}});
        OpenLine line;
        CHECK(line.conversation.greeted());
        CHECK(counted(line.desk.tally) == "hello=1");
    }

    TEST_CASE("any offer of SPOP 2 is answered with 2.0")
    {
        for (const std::string versions : {"2.0", "1.0, 2.0", "2.0,1.0", "2.1", "3.0, 2.0"}) {
            CAPTURE(versions);
            CHECK(agreed({.versions = typed_text(versions)})["version"] == "string 2.0");
        }
    }

    TEST_CASE("only pipelining is announced, and only when it was offered")
    {
        struct Case {
            std::string offered;
            std::string announced;
        };
        const std::vector<Case> cases{
            {"", ""},
            {"async", ""},
            {"fragmentation", ""},
            {"pipelining", "pipelining"},
            {"pipelining,async", "pipelining"},  // HAProxy up to 3.0
            {"fragmentation, pipelining , async", "pipelining"},
        };
        for (const auto& c : cases) {
            CAPTURE(c.offered);
            CHECK(
                agreed({.capabilities = typed_text(c.offered)})["capabilities"] ==
                "string " + c.announced);
        }
    }

    TEST_CASE("the smaller frame size is announced and holds")
    {
        struct Case {
            std::uint32_t offered;
            std::uint32_t own;
            std::uint32_t agreed;
        };
        for (const auto& c :
             {Case{16'380, 16'380, 16'380},
              Case{256, 16'380, 256},
              Case{65'535, 16'380, 16'380},
              Case{0xffffffff, 16'380, 16'380},
              Case{16'380, 256, 256}}) {
            CAPTURE(c.offered);
            Line line({"orders"}, c.own);
            REQUIRE(line.say(haproxy_hello({.max_frame_size = typed_u32(c.offered)})));
            auto items = items_in(line.only_frame().payload);
            CHECK(items["max-frame-size"] == "uint32 " + std::to_string(c.agreed));
            CHECK(line.conversation.max_frame_size() == c.agreed);
        }
    }

    TEST_CASE("a health check is answered like a HELLO, and the connection is then done")
    {
        Line line;
        CHECK_FALSE(line.say(
            haproxy_hello({.capabilities = typed_text(""), .healthcheck = typed_bool(true)})));
        const auto hello = line.only_frame();
        CHECK(hello.type == agent_hello);
        CHECK(
            items_in(hello.payload) == Variables{
                                           {"version", "string 2.0"},
                                           {"max-frame-size", "uint32 16380"},
                                           {"capabilities", "string "}});
        CHECK_FALSE(line.conversation.greeted());
        CHECK(counted(line.desk.tally) == "healthcheck=1");
    }

    TEST_CASE("a HELLO that cannot be accepted is told why by its status code")
    {
        struct Case {
            std::string what;
            Offer offer;
            unsigned status;
        };
        const auto integer = typed(4, varint(16'380));
        const std::vector<Case> cases{
            {"no versions", offer_with(&Offer::versions, {}), 5},
            {"no frame size", offer_with(&Offer::max_frame_size, {}), 6},
            {"no capabilities", offer_with(&Offer::capabilities, {}), 7},
            {"nothing at all", {{}, {}, {}}, 5},
            {"versions of a wrong type", offer_with(&Offer::versions, typed_u32(2)), 4},
            {"versions null", offer_with(&Offer::versions, typed(0)), 4},
            {"frame size a string", offer_with(&Offer::max_frame_size, typed_text("16380")), 4},
            {"frame size an int64", offer_with(&Offer::max_frame_size, integer), 4},
            {"capabilities of a wrong type", offer_with(&Offer::capabilities, typed_bool(true)), 4},
            {"healthcheck of a wrong type", offer_with(&Offer::healthcheck, typed_u32(1)), 4},
            {"engine-id of a wrong type", offer_with(&Offer::engine_id, typed_u32(1)), 4},
            {"a value of no type", offer_with(&Offer::engine_id, typed(15)), 4},
            {"version 1.0", offer_with(&Offer::versions, typed_text("1.0")), 8},
            {"version 3.0", offer_with(&Offer::versions, typed_text("3.0")), 8},
            {"an empty version", offer_with(&Offer::versions, typed_text("")), 8},
            {"frame size 255", offer_with(&Offer::max_frame_size, typed_u32(255)), 9},
            {"frame size 0", offer_with(&Offer::max_frame_size, typed_u32(0)), 9},
        };
        for (const auto& c : cases) {
            CAPTURE(c.what);
            Line line;
            CHECK_FALSE(line.say(haproxy_hello(c.offer)));
            CHECK(line.farewell() == "uint32 " + std::to_string(c.status));
            CHECK_FALSE(line.conversation.greeted());
            CHECK(counted(line.desk.tally) == "error:bad_hello=1");
        }
    }

    TEST_CASE("a HELLO cut at any byte opens nothing")
    {
        const auto hello = haproxy_hello();
        for (std::size_t size = 0; size < hello.size(); ++size) {
            CAPTURE(size);
            Line line;
            CHECK_FALSE(line.say(prefix(hello, size)));
            CHECK_FALSE(line.conversation.greeted());
            for (const auto& said : frames_in(line.reply))
                CHECK(said.type == agent_disconnect);
        }
    }

    TEST_CASE("unknown items of a HELLO are skipped")
    {
        Line line;
        const auto more =
            join({item("zstd", typed_bool(true)), hello_payload(), item("", typed(0))});
        CHECK(line.say(frame(1, more)));
        CHECK(line.only_frame().type == agent_hello);
    }

    TEST_CASE("a second HELLO is refused")
    {
        OpenLine line;
        CHECK_FALSE(line.say(haproxy_hello()));
        CHECK(line.farewell() == "uint32 4");
        CHECK(counted(line.desk.tally) == "hello=1 error:unexpected_frame=1");
    }

    TEST_CASE("whatever comes before a HELLO and is none is answered by silence")
    {
        struct Case {
            std::string what;
            Bytes frame;
            std::string error;
        };
        std::vector<Case> cases{
            {"nothing", {}, "bad_frame"},
            {"a byte", bytes({1}), "bad_frame"},
            {"zeros", Bytes(100), "unexpected_frame"},
            {"ones", Bytes(100, std::byte{0xff}), "bad_frame"},
            {"a request of HTTP", raw("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), "unexpected_frame"},
            {"a command of Redis", raw("*1\r\n$4\r\nPING\r\n"), "unexpected_frame"},
            {"a NOTIFY", notify(question()), "unexpected_frame"},
            {"a HELLO in parts", frame(1, hello_payload(), 0), "fragmented"},
            {"a HELLO whose ids never end",
             join({bytes({1, 0, 0, 0, 1}), Bytes(20, std::byte{0xff})}),
             "bad_frame"},
        };
        for (const unsigned type : {0U, 3U, 4U, 100U, 101U, 102U, 103U, 255U})
            cases.push_back(
                {"type " + std::to_string(type), frame(type, hello_payload()), "unexpected_frame"});
        for (const auto& c : cases) {
            CAPTURE(c.what);
            Line line;
            CHECK_FALSE(line.say(c.frame));
            CHECK(line.reply.empty());
            CHECK_FALSE(line.conversation.greeted());
            CHECK(counted(line.desk.tally) == "error:" + c.error + "=1");
        }
    }

    TEST_CASE("a stream that cannot be cut into frames is told why only after a HELLO")
    {
        Line stranger;
        stranger.conversation.on_bad_stream(spop::Errc::frame_too_big, stranger.reply);
        CHECK(stranger.reply.empty());
        CHECK(counted(stranger.desk.tally) == "error:frame_too_big=1");

        OpenLine line;
        line.conversation.on_bad_stream(spop::Errc::frame_too_big, line.reply);
        CHECK(line.farewell() == "uint32 3");
        CHECK_FALSE(line.conversation.greeted());
        CHECK(counted(line.desk.tally) == "hello=1 error:frame_too_big=1");

        OpenLine other;
        other.conversation.on_bad_stream(spop::Errc::truncated, other.reply);
        CHECK(other.farewell() == "uint32 4");
        CHECK(counted(other.desk.tally) == "hello=1 error:bad_frame=1");
    }

    TEST_CASE("an ACK repeats the ids of its NOTIFY, has FIN alone and at least one action")
    {
        constexpr auto most = std::numeric_limits<std::uint64_t>::max();
        OpenLine line;
        struct Ids {
            std::uint64_t stream;
            std::uint64_t frame;
        };
        for (const auto& ids : {Ids{1, 1}, Ids{239, 240}, Ids{2288, 0}, Ids{most, most}})
            for (const auto& messages :
                 {question(), question_about("nobody"), message("other"), Bytes()}) {
                CAPTURE(ids.stream);
                CHECK(line.say(notify(messages, ids.stream, ids.frame)));
                const auto answer = line.only_frame();
                CHECK(answer.type == ack);
                CHECK(answer.flags == 1);
                CHECK(answer.stream_id == ids.stream);
                CHECK(answer.frame_id == ids.frame);
                CHECK_FALSE(variables_in(answer.payload).empty());
            }
        CHECK(line.conversation.answers() == 16);
    }

    TEST_CASE("pipelined NOTIFYs are answered in order into one buffer")
    {
        OpenLine line;
        for (std::uint64_t id = 1; id <= 3; ++id)
            CHECK(line.conversation.on_frame(notify(question(), id, id + 10), line.reply));
        const auto answers = frames_in(line.reply);
        REQUIRE(answers.size() == 3);
        for (std::size_t i = 0; i < answers.size(); ++i) {
            CHECK(answers[i].stream_id == i + 1);
            CHECK(answers[i].frame_id == i + 11);
        }
    }

    TEST_CASE("the master of a name is told")
    {
        OpenLine line({"orders", "carts"});
        const auto second = good_verdict("R7", {"::1", 6380});
        const std::vector<agent::Update> updates{{1, &second}};
        line.desk.snapshot = agent::with_updates(*line.desk.snapshot, updates);

        CHECK(line.asked(question_about("orders"))["server"] == "string R1");
        auto carts = line.asked(question_about("carts"));
        CHECK(carts["server"] == "string R7");
        CHECK(carts["ip"] == "ipv6 00000000000000000000000000000001");
        CHECK(carts["port"] == "int32 6380");
        CHECK(counted(line.desk.tally) == "hello=1 notify=2 0:ok=1 1:ok=1");
    }

    TEST_CASE("the role may be given and is master")
    {
        OpenLine line;
        CHECK(line.asked(question({item("role", typed_text("master"))}))["server"] == "string R1");
    }

    TEST_CASE("a new verdict is told from the next question on, on the same connection")
    {
        OpenLine line;
        CHECK(line.asked(question())["server"] == "string R1");
        line.desk.snapshot =
            snapshot_of({"orders"}, {shut_verdict(State::conflict, "they disagree")});
        auto variables = line.asked(question());
        CHECK(variables["state"] == "string conflict");
        CHECK(variables["server"] == "unset");
        CHECK(variables["reason"] == "string they disagree");
        CHECK(counted(line.desk.tally) == "hello=1 notify=2 0:ok=1 0:conflict=1");
    }

    TEST_CASE("a question that comes again is answered again, and another one by itself")
    {
        OpenLine line({"orders", "carts"});
        const auto shut = shut_verdict(State::odown, "down");
        const agent::Update update{1, &shut};
        line.desk.snapshot = agent::with_updates(*line.desk.snapshot, {&update, 1});
        for (int round = 0; round < 3; ++round) {
            CHECK(line.asked(question_about("orders"))["state"] == "string ok");
            CHECK(line.asked(question_about("orders"))["state"] == "string ok");
            CHECK(line.asked(question_about("carts"))["state"] == "string odown");
            CHECK(line.asked(question_about("nobody"))["state"] == "string unknown-name");
        }
        CHECK(line.desk.tally.verdicts[0][static_cast<std::size_t>(State::ok)].read() == 6);
        CHECK(
            line.desk.tally.frames[static_cast<std::size_t>(agent::FrameKind::notify)].read() ==
            12);
    }

    TEST_CASE("a question that comes again after a new configuration is understood anew")
    {
        OpenLine line({"orders", "carts"});
        CHECK(line.asked(question_about("orders"))["server"] == "string R1");
        line.desk.snapshot =
            snapshot_of({"carts", "orders"}, {good_verdict("C1"), good_verdict("O1")});
        CHECK(line.asked(question_about("orders"))["server"] == "string O1");
    }

    TEST_CASE("without a name the one configured is meant, of several none")
    {
        OpenLine one;
        CHECK(one.asked(question())["server"] == "string R1");
        CHECK(counted(one.desk.tally) == "hello=1 notify=1 0:ok=1");

        OpenLine several({"orders", "carts"});
        auto variables = several.asked(question());
        CHECK(variables["state"] == "string unknown-name");
        CHECK(variables["server"] == "unset");
        CHECK(variables["reason"].find("no argument master") != std::string::npos);
        CHECK(counted(several.desk.tally) == "hello=1 notify=1 no-such-name=1");
    }

    TEST_CASE("what cannot be answered leads nowhere, says why and is counted")
    {
        struct Case {
            std::string what;
            Bytes messages;
            std::string reason;
        };
        const auto orders = item("master", typed_text("orders"));
        const std::vector<Case> cases{
            {"an unknown name", question_about("nobody"), "not configured for this name"},
            {"an empty name", question_about(""), "not configured for this name"},
            {"a name with more behind it", question_about("orders2"), "not configured"},
            {"a name in other letters", question_about("ORDERS"), "not configured"},
            {"role replica",
             question({orders, item("role", typed_text("replica"))}),
             "role=replica"},
            {"role slave", question({orders, item("role", typed_text("slave"))}), "'replica'"},
            {"role null", question({orders, item("role", typed(0))}), "role"},
            {"a message of another's", message("other", {orders}), "no message sentinel-verdict"},
            {"no message", Bytes(), "no message sentinel-verdict"},
        };
        for (const auto& c : cases) {
            CAPTURE(c.what);
            OpenLine line;
            auto variables = line.asked(c.messages);
            CHECK(variables["state"] == "string unknown-name");
            CHECK(variables["server"] == "unset");
            CHECK(variables["ip"] == "unset");
            CHECK(variables["port"] == "unset");
            CHECK(variables["reason"].find(c.reason) != std::string::npos);
            CHECK(counted(line.desk.tally) == "hello=1 notify=1 no-such-name=1");
        }
    }

    TEST_CASE("a name that is no string leads nowhere, also when only one is configured")
    {
        for (const auto& value :
             {typed(0),
              typed_bool(true),
              typed(2, varint(1)),
              typed_u32(1),
              typed(4, varint(1)),
              typed(5, varint(1)),
              typed(6, Bytes(4)),
              typed(7, Bytes(16)),
              typed(9, test::text("orders"))}) {
            CAPTURE(std::to_integer<unsigned>(value[0]));
            OpenLine line;
            auto variables = line.asked(question({item("master", value)}));
            CHECK(variables["state"] == "string unknown-name");
            CHECK(variables["server"] == "unset");
            CHECK(variables["reason"].find("no string") != std::string::npos);
            CHECK(counted(line.desk.tally) == "hello=1 notify=1 no-such-name=1");
        }
    }

    TEST_CASE("messages and arguments that are not ours change nothing")
    {
        OpenLine line({"orders", "carts"});
        const auto other = message("other", {item("master", typed_text("carts"))});
        const auto ours = question(
            {item("src", typed(6, Bytes(4))),
             item("", typed_text("x")),
             item("master", typed_text("orders")),
             item("fe", typed_text("redis"))});
        CHECK(line.asked(join({other, ours, other}))["server"] == "string R1");
        CHECK(counted(line.desk.tally) == "hello=1 notify=1 0:ok=1");
    }

    TEST_CASE("a NOTIFY in several frames is refused: fragmentation was not announced")
    {
        OpenLine first;
        CHECK_FALSE(first.say(frame(3, question(), 0, 1, 1)));
        CHECK(first.farewell() == "uint32 10");
        CHECK(counted(first.desk.tally) == "hello=1 error:fragmented=1");

        OpenLine later;
        CHECK_FALSE(later.say(frame(0, question(), 1, 1, 1)));
        CHECK(later.farewell() == "uint32 10");
        CHECK(counted(later.desk.tally) == "hello=1 error:fragmented=1");
    }

    TEST_CASE("a NOTIFY cut at any byte ends the connection with a reason")
    {
        const auto whole = notify(
            question(
                {item("master", typed_text("orders")),
                 item("src", typed(7, Bytes(16))),
                 item("n", typed(4, varint(100'000)))}),
            300,
            7);
        const auto header = notify({}, 300, 7).size();
        for (std::size_t size = 0; size < whole.size(); ++size) {
            if (size == header)
                continue;  // a NOTIFY without messages
            CAPTURE(size);
            OpenLine line;
            CHECK_FALSE(line.say(prefix(whole, size)));
            CHECK(line.farewell() == "uint32 4");
            CHECK(counted(line.desk.tally) == "hello=1 error:bad_frame=1");
        }
    }

    TEST_CASE("lengths beyond the frame end the connection with a reason")
    {
        for (const std::uint64_t length :
             {std::uint64_t{0xffffffff}, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
            CAPTURE(length);
            for (const auto& messages :
                 {join({varint(length), raw("sentinel-verdict")}),
                  question({item("master", typed(8, join({varint(length), raw("orders")})))})}) {
                OpenLine line;
                CHECK_FALSE(line.say(notify(messages)));
                CHECK(line.farewell() == "uint32 4");
            }
        }
    }

    TEST_CASE("a frame that only an agent sends is refused")
    {
        for (const unsigned type : {101U, 102U, 103U}) {
            CAPTURE(type);
            OpenLine line;
            CHECK_FALSE(line.say(frame(type, {})));
            CHECK(line.farewell() == "uint32 4");
            CHECK(counted(line.desk.tally) == "hello=1 error:unexpected_frame=1");
        }
    }

    TEST_CASE("a frame of an unknown type is skipped, and the next is answered")
    {
        OpenLine line;
        for (const unsigned type : {4U, 100U, 104U, 255U})
            for (const std::uint32_t flags : {0U, 1U}) {
                CAPTURE(type);
                CHECK(line.say(frame(type, Bytes(20), flags)));
                CHECK(line.reply.empty());
            }
        CHECK(line.asked(question())["server"] == "string R1");
        CHECK(counted(line.desk.tally) == "hello=1 notify=1 unknown=8 0:ok=1");
    }

    TEST_CASE("HAProxy's farewell is returned, before a HELLO and after")
    {
        Line early;
        CHECK_FALSE(early.say(haproxy_disconnect()));
        CHECK(early.farewell() == "uint32 0");
        CHECK(counted(early.desk.tally) == "disconnect=1");

        OpenLine line;
        CHECK_FALSE(line.say(haproxy_disconnect()));
        CHECK(line.farewell() == "uint32 0");
        CHECK(counted(line.desk.tally) == "hello=1 disconnect=1");
        CHECK_FALSE(line.conversation.greeted());
    }

    TEST_CASE("HAProxy's farewell needs no content")
    {
        OpenLine line;
        CHECK_FALSE(line.say(frame(2, bytes({0xff}))));
        CHECK(line.farewell() == "uint32 0");
    }

    TEST_CASE("a closed conversation says nothing more")
    {
        for (const auto& last : {haproxy_disconnect(), haproxy_hello(), frame(0, {})}) {
            OpenLine line;
            CHECK_FALSE(line.say(last));
            for (const auto& next : {haproxy_hello(), notify(question()), haproxy_disconnect()}) {
                (void)line.say(next);
                CHECK(line.reply.empty());
                CHECK_FALSE(line.conversation.greeted());
            }
            CHECK(line.conversation.answers() == 0);
        }
    }

    TEST_CASE("no answer exceeds the smallest frame that HAProxy may ask for")
    {
        constexpr auto most = std::numeric_limits<std::uint64_t>::max();
        auto longest =
            good_verdict(std::string(64, 's'), {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65'535});
        longest.epoch = most;
        longest.votes = longest.sentinels = 99;
        auto refused = longest;
        refused.open = false;
        refused.state = State::unknown_name;
        refused.reason = std::string(1000, 'r');

        Line line({"orders", "carts"});
        REQUIRE(line.say(haproxy_hello({.max_frame_size = typed_u32(256)})));
        line.desk.snapshot = snapshot_of({"orders", "carts"}, {longest, refused});
        const auto size_of_answer = [&](const Bytes& messages) {
            REQUIRE(line.say(notify(messages, most, most)));
            return line.only_frame().size;
        };
        CHECK(size_of_answer(question_about("orders")) <= 256);
        CHECK(line.asked(question_about("orders"))["server"] == "string " + std::string(64, 's'));
        CHECK(size_of_answer(question_about("carts")) <= 256);
        CHECK(line.asked(question_about("carts"))["reason"].starts_with("string rrr"));
        for (const auto& messages :
             {question(),
              question_about("nobody"),
              question({item("master", typed(0))}),
              question({item("role", typed_text("replica"))}),
              question({item("role", typed_text("slave"))}),
              Bytes()})
            CHECK(size_of_answer(messages) <= 256);
    }

    TEST_CASE("an answer that would exceed the frame leads nowhere and says so")
    {
        Line line;
        REQUIRE(line.say(haproxy_hello({.max_frame_size = typed_u32(256)})));
        line.desk.snapshot = snapshot_of({"orders"}, {good_verdict(std::string(240, 's'))});
        auto variables = line.asked(question());
        CHECK(variables["server"] == "unset");
        CHECK(variables["reason"].find("max-frame-size") != std::string::npos);
        CHECK(line.only_frame().size <= 256);
    }

    TEST_CASE("every farewell fits the smallest frame")
    {
        for (const auto& bad : {haproxy_hello(), frame(0, {}), notify(bytes({0xff}))}) {
            OpenLine line;
            CHECK_FALSE(line.say(bad));
            CHECK(line.only_frame().size <= 256);
        }
    }

    TEST_CASE("a connection too many is greeted and told no server, until another one leaves")
    {
        agent::Seats seats(1);
        std::optional<OpenLine> first(seats);
        OpenLine second(seats);
        CHECK(first->asked(question())["server"] == "string R1");
        auto refused = second.asked(question());
        CHECK(refused["state"] == "string stale");
        CHECK(refused["server"] == "unset");
        CHECK(refused["ip"] == "unset");
        CHECK(refused["reason"].find("max_connections") != std::string::npos);
        CHECK(counted(second.desk.tally) == "hello=1 notify=1 error:overload=1 0:stale=1");

        first.reset();
        CHECK(second.asked(question())["server"] == "string R1");
        CHECK(seats.free() == 0);
    }

    TEST_CASE("who has not greeted, and a health check, take no seat")
    {
        agent::Seats seats(1);
        const Line silent({"orders"}, own_frame_size, &seats);
        Line check({"orders"}, own_frame_size, &seats);
        CHECK_FALSE(check.say(haproxy_hello({.healthcheck = typed_bool(true)})));
        CHECK(check.only_frame().type == agent_hello);
        CHECK(seats.free() == 1);
    }

    TEST_CASE("conversations of one worker are counted together and know nothing of each other")
    {
        OpenLine first;
        Conversation second(first.desk, own_frame_size);
        Bytes reply;
        CHECK_FALSE(second.on_frame(notify(question()), reply));
        CHECK(first.asked(question())["server"] == "string R1");
        CHECK(second.answers() == 0);
        CHECK(first.conversation.answers() == 1);
        CHECK(counted(first.desk.tally) == "hello=1 notify=1 error:unexpected_frame=1 0:ok=1");
    }
}
