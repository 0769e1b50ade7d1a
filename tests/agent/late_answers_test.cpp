#include "agent/late_answers.hpp"

#include "agent/spop_frames.hpp"
#include "agent/verdicts.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace spoa;
using namespace std::chrono_literals;
using agent::answer_some;
using agent::Conversation;
using agent::Desk;
using agent::WaitEnd;
using spoa::test::frames_in;
using spoa::test::good_verdict;
using spoa::test::haproxy_hello;
using spoa::test::notify;
using spoa::test::question_about;
using spoa::test::snapshot_of;
using spoa::test::variables_in;
using verdict::State;
using verdict::Verdict;

namespace {

using TimePoint = std::chrono::steady_clock::time_point;

const TimePoint start = TimePoint() + 1h;
constexpr std::size_t plenty = 1000;

Verdict in_state(State state, bool open)
{
    auto made = good_verdict("R1");
    made.state = state;
    made.open = open;
    made.reason = "the master is in doubt";
    return made;
}

const Verdict down = in_state(State::odown, false);

// A worker's desk and one connection that has greeted.
struct Worker {
    Desk desk{snapshot_of({"a", "b"}, {good_verdict(), good_verdict()}), agent::Tally(2)};
    std::optional<Conversation> conversation;
    Bytes reply;
    int wakes = 0;

    explicit Worker(std::size_t most = plenty)
    {
        desk.now = start;
        desk.waiting = agent::WaitingRoom(most);
        conversation.emplace(desk, 16'380);
        conversation->on_late_reply = [this] { ++wakes; };
        REQUIRE(conversation->on_frame(haproxy_hello(), reply));
        reply.clear();
    }

    void judge(
        const Verdict& verdict, std::chrono::milliseconds wait = 8s, TimePoint since = start,
        std::size_t name = 0)
    {
        const std::vector<agent::Update> updates{{name, &verdict, wait, since}};
        desk.snapshot = agent::with_updates(*desk.snapshot, updates);
    }

    void ask(std::uint64_t stream_id, const std::string& name = "a")
    {
        REQUIRE(conversation->on_frame(notify(question_about(name), stream_id, 7), reply));
    }

    // The streams answered since the last call, each with its server or `-`.
    std::string told()
    {
        conversation->take_late_replies(reply);
        std::string out;
        for (const auto& frame : frames_in(reply)) {
            CHECK(frame.frame_id == 7);
            auto said = variables_in(frame.payload)["server"];
            out += (out.empty() ? "" : " ") + std::to_string(frame.stream_id) + ":" +
                   (said == "unset" ? "-" : said.substr(std::string("string ").size()));
        }
        reply.clear();
        return out;
    }

    std::uint64_t ended(WaitEnd end, std::size_t name = 0) const
    {
        return desk.tally.waits[name].ended[static_cast<std::size_t>(end)].read();
    }
};

}  // namespace

TEST_SUITE("agent/late_answers")
{
    TEST_CASE("a question waits in closed doubt and in silence, and in no other state")
    {
        for (const auto state : verdict::all_states)
            for (const bool open : {true, false}) {
                CAPTURE(std::string(name_of(state)));
                CAPTURE(open);
                const bool doubt = state == State::isolated || state == State::odown ||
                                   state == State::switching || state == State::not_master;
                Worker worker;
                worker.judge(in_state(state, open));
                worker.ask(1);
                const bool waits = (doubt && !open) || state == State::silent;
                CHECK(worker.told() == (waits ? "" : open ? "1:R1" : "1:-"));
                CHECK(worker.desk.tally.waits[0].open() == (waits ? 1 : 0));
                CHECK(worker.conversation->answers() == (waits ? 0 : 1));
            }
    }

    TEST_CASE("with a wait of 0 nobody waits")
    {
        Worker worker;
        worker.judge(down, 0s);
        worker.ask(1);
        CHECK(worker.told() == "1:-");
        worker.judge(in_state(State::silent, true), 0s);
        worker.ask(2);
        CHECK(worker.told() == "2:R1");
    }

    TEST_CASE("once the verdict is clear all are answered by it, the oldest first, each once")
    {
        Worker worker;
        worker.judge(down);
        for (std::uint64_t stream = 1; stream <= 3; ++stream)
            worker.ask(stream);
        CHECK_FALSE(answer_some(worker.desk, start + 1s, plenty));
        CHECK(worker.told().empty());

        worker.judge(good_verdict("R2"));
        CHECK_FALSE(answer_some(worker.desk, start + 2s, plenty));
        CHECK(worker.told() == "1:R2 2:R2 3:R2");
        CHECK(worker.wakes == 1);
        CHECK(worker.told().empty());
        CHECK(worker.ended(WaitEnd::released) == 3);
        CHECK(worker.desk.tally.waits[0].open() == 0);
    }

    TEST_CASE("a name that is clear releases its own and no other's")
    {
        Worker worker;
        worker.judge(down, 8s, start, 0);
        worker.judge(down, 8s, start, 1);
        worker.ask(1, "a");
        worker.ask(2, "b");
        worker.judge(good_verdict("R2"), 8s, start, 1);
        answer_some(worker.desk, start, plenty);
        CHECK(worker.told() == "2:R2");
        CHECK(worker.desk.tally.waits[0].open() == 1);
    }

    TEST_CASE("another doubt, and a refusal for another reason, are no end of the wait")
    {
        Worker worker;
        worker.judge(down);
        worker.ask(1);
        for (const auto state :
             {State::switching, State::no_quorum, State::stale, State::conflict}) {
            worker.judge(in_state(state, false));
            answer_some(worker.desk, start + 1s, plenty);
            CHECK(worker.told().empty());
        }
        worker.judge(in_state(State::silent, true));
        answer_some(worker.desk, start + 1s, plenty);
        CHECK(worker.told().empty());
    }

    TEST_CASE("a chunk is so many and no more, and between two the verdict may change back")
    {
        Worker worker;
        worker.judge(down);
        for (std::uint64_t stream = 1; stream <= 5; ++stream)
            worker.ask(stream);
        worker.judge(good_verdict("R2"));
        CHECK(answer_some(worker.desk, start, 2));
        CHECK(worker.told() == "1:R2 2:R2");
        worker.judge(down);
        CHECK_FALSE(answer_some(worker.desk, start, 2));
        CHECK(worker.told().empty());
        worker.judge(good_verdict("R3"));
        CHECK(answer_some(worker.desk, start, 2));
        CHECK_FALSE(answer_some(worker.desk, start, 2));
        CHECK(worker.told() == "3:R3 4:R3 5:R3");
    }

    TEST_CASE("when its time is over a question gets what the verdict says then")
    {
        Worker worker;
        worker.judge(down, 8s);
        worker.ask(1);
        answer_some(worker.desk, start + 7'999ms, plenty);
        CHECK(worker.told().empty());
        answer_some(worker.desk, start + 8s, plenty);
        CHECK(worker.told() == "1:-");
        CHECK(worker.ended(WaitEnd::timed_out) == 1);
        CHECK(worker.desk.tally.verdicts[0][static_cast<std::size_t>(State::odown)].read() == 1);
    }

    TEST_CASE("a silent master is waited for once, and used when it stays silent")
    {
        Worker worker;
        const auto silent = in_state(State::silent, true);
        worker.judge(silent, 8s, start);
        worker.desk.now = start + 5s;
        worker.ask(1);
        answer_some(worker.desk, start + 7s, plenty);
        CHECK(worker.told().empty());
        answer_some(worker.desk, start + 8s, plenty);
        CHECK(worker.told() == "1:R1");
        // It has been silent for as long as anybody waits: nobody else is held up.
        worker.desk.now = start + 8s;
        worker.ask(2);
        CHECK(worker.told() == "2:R1");
    }

    TEST_CASE("a stale snapshot releases nobody, and ends no wait but by a refusal")
    {
        Worker worker;
        worker.judge(down);
        worker.ask(1);
        worker.judge(good_verdict("R2"));
        worker.desk.stale = true;
        answer_some(worker.desk, start + 1s, plenty);
        CHECK(worker.told().empty());
        answer_some(worker.desk, start + 8s, plenty);
        CHECK(worker.told() == "1:-");
        CHECK(worker.desk.tally.verdicts[0][static_cast<std::size_t>(State::stale)].read() == 1);
    }

    TEST_CASE("one too many ends the oldest wait")
    {
        Worker worker(2);
        worker.judge(down);
        worker.ask(1);
        worker.ask(2);
        CHECK(worker.told().empty());
        worker.ask(3);
        CHECK(worker.told() == "1:-");
        CHECK(worker.ended(WaitEnd::crowded) == 1);
        CHECK(worker.desk.tally.waits[0].open() == 2);
    }

    TEST_CASE("all waits end when the agent stops")
    {
        Worker worker;
        worker.judge(down);
        worker.ask(1);
        worker.ask(2);
        agent::answer_all(worker.desk);
        CHECK(worker.told() == "1:- 2:-");
        CHECK(worker.ended(WaitEnd::stopped) == 2);
    }

    TEST_CASE("a connection that ends leaves nothing behind")
    {
        Worker worker;
        worker.judge(down);
        worker.ask(1);
        worker.ask(2, "b");
        worker.conversation.reset();
        CHECK(worker.desk.waiting.empty());
        CHECK(worker.ended(WaitEnd::left) == 1);
        CHECK(worker.desk.tally.waits[0].open() == 0);
        worker.judge(good_verdict("R2"));
        CHECK_FALSE(answer_some(worker.desk, start, plenty));
    }
}
