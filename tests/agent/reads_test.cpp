#include "agent/reads.hpp"

#include "agent/late_answers.hpp"
#include "agent/read_sets.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

using namespace spoa;
using namespace spoa::test;
using namespace std::chrono_literals;
using agent::Conversation;
using agent::Desk;
using agent::turns_of;
using verdict::ReadFallback;
using verdict::State;

namespace {

verdict::Verdict in_state(State state, bool open)
{
    auto made = good_verdict();
    made.state = state;
    made.open = open;
    made.reason = open ? "" : "the master is in doubt";
    return made;
}

// A worker and a connection of HAProxy's to it.
struct Worker {
    Desk desk{snapshot_of({"a", "b"}, {good_verdict("R1"), good_verdict("S1")}), agent::Tally(2)};
    Conversation conversation{desk, 16'380};
    Bytes reply;

    Worker()
    {
        desk.now = std::chrono::steady_clock::time_point() + 1h;
        desk.tally.grow(2, 5);
        REQUIRE(conversation.on_frame(haproxy_hello(), reply));
    }

    void judge(
        const verdict::Verdict& verdict, const verdict::ReadSet& set,
        ReadFallback fallback = ReadFallback::master, std::chrono::milliseconds wait = 0ms)
    {
        desk.snapshot = with_reads(*desk.snapshot, verdict, set, fallback, wait);
    }

    // What is answered at once; nothing when the question waits.
    Variables asked(const Bytes& messages)
    {
        reply.clear();
        REQUIRE(conversation.on_frame(notify(messages), reply));
        const auto frames = frames_in(reply);
        return frames.empty() ? Variables() : variables_in(frames[0].payload);
    }
    Variables read() { return asked(question_for_replica("a")); }
    Variables write() { return asked(question_about("a")); }

    std::uint64_t counted(std::size_t counter) const { return desk.tally.reads[counter].read(); }
};

}  // namespace

TEST_SUITE("agent/reads")
{
    TEST_CASE("a replica is named with its address, and the state is the name's")
    {
        Worker worker;
        worker.judge(in_state(State::odown, false), read_set({1}));
        auto said = worker.read();
        CHECK(said["server"] == "string R2");
        CHECK(said["ip"] == "ipv4 10.0.0.2");
        CHECK(said["port"] == "int32 6379");
        CHECK(said["state"] == "string odown");
        CHECK(said["reason"] == "unset");
        CHECK(said["epoch"] == "int64 7");
        CHECK(worker.write()["server"] == "unset");
    }

    TEST_CASE("replicas take turns, and several workers spread them evenly")
    {
        std::vector<std::unique_ptr<Worker>> workers;
        std::map<std::string, int> sent;
        for (int i = 0; i < 7; ++i) {
            workers.push_back(std::make_unique<Worker>());
            workers.back()->judge(good_verdict(), read_set({1, 1, 1}));
        }
        for (int i = 0; i < 10'000; ++i)
            ++sent[workers[static_cast<std::size_t>(i * i) % 7]->read()["server"]];
        REQUIRE(sent.size() == 3);
        for (const auto& [server, count] : sent) {
            CAPTURE(server);
            CHECK(count >= 3'333 * 95 / 100);
            CHECK(count <= 3'333 * 105 / 100);
        }
    }

    TEST_CASE("weights are kept to, and no replica gets its share in one piece")
    {
        CHECK(turns_of({1, 1, 1}) == std::vector<std::uint16_t>{0, 1, 2});
        CHECK(turns_of({4, 2}) == std::vector<std::uint16_t>{0, 1, 0});
        CHECK(turns_of({5, 1, 1}) == std::vector<std::uint16_t>{0, 0, 1, 0, 2, 0, 0});
        CHECK(turns_of({100}) == std::vector<std::uint16_t>{0});

        Worker worker;
        worker.judge(good_verdict(), read_set({3, 1}));
        std::map<std::string, int> sent;
        for (int i = 0; i < 4'000; ++i)
            ++sent[worker.read()["server"]];
        CHECK(sent["string R2"] == 3'000);
        CHECK(sent["string R3"] == 1'000);
    }

    TEST_CASE("each name has turns of its own, and writes take none")
    {
        Worker worker;
        worker.judge(good_verdict(), read_set({1, 1}));
        worker.desk.snapshot = with_reads(
            *worker.desk.snapshot,
            good_verdict("S1"),
            read_set({1, 1}),
            ReadFallback::master,
            0ms,
            1);
        for (const auto* const expected : {"string R2", "string R3", "string R2"}) {
            CHECK(worker.write()["server"] == "string R1");
            CHECK(worker.read()["server"] == expected);
            CHECK(worker.asked(question_for_replica("b"))["server"] == expected);
        }
    }

    TEST_CASE("a question that is repeated byte by byte takes its turn all the same")
    {
        Worker worker;
        worker.judge(good_verdict(), read_set({1, 1}));
        CHECK(worker.read()["server"] == "string R2");
        CHECK(worker.read()["server"] == "string R3");
        CHECK(worker.read()["server"] == "string R2");
    }

    TEST_CASE("without a fresh replica a read gets the master")
    {
        Worker worker;
        worker.judge(good_verdict(), read_set({}));
        CHECK(worker.read() == worker.write());
        worker.judge(in_state(State::odown, false), read_set({}));
        CHECK(worker.read()["server"] == "unset");
        CHECK(worker.read() == worker.write());
    }

    TEST_CASE("without a fresh replica a read is refused, where that is the policy")
    {
        Worker worker;
        worker.judge(good_verdict(), read_set({}), ReadFallback::refuse, 8s);
        auto said = worker.read();
        CHECK(said["server"] == "unset");
        CHECK(said["ip"] == "unset");
        CHECK(said["state"] == "string ok");
        CHECK(said["reason"] == "string no replica is fresh enough");
        CHECK(worker.write()["server"] == "string R1");
    }

    TEST_CASE("without a fresh replica a read waits for one, where that is the policy")
    {
        Worker worker;
        worker.judge(good_verdict(), read_set({}), ReadFallback::wait, 8s);
        CHECK(worker.read().empty());
        CHECK(worker.write()["server"] == "string R1");  // nobody else waits
        CHECK_FALSE(agent::answer_some(worker.desk, worker.desk.now, 10));

        worker.judge(good_verdict(), read_set({1}), ReadFallback::wait, 8s);
        CHECK_FALSE(agent::answer_some(worker.desk, worker.desk.now, 10));
        worker.reply.clear();
        worker.conversation.take_late_replies(worker.reply);
        const auto frames = frames_in(worker.reply);
        REQUIRE(frames.size() == 1);
        CHECK(variables_in(frames[0].payload)["server"] == "string R2");
        CHECK(worker.desk.tally.waits[0].open() == 0);
    }

    TEST_CASE("who waits for a replica is refused at the end of his time")
    {
        Worker worker;
        worker.judge(good_verdict(), read_set({}), ReadFallback::wait, 8s);
        CHECK(worker.read().empty());
        agent::answer_some(worker.desk, worker.desk.now + 8s, 10);
        worker.reply.clear();
        worker.conversation.take_late_replies(worker.reply);
        const auto frames = frames_in(worker.reply);
        REQUIRE(frames.size() == 1);
        CHECK(variables_in(frames[0].payload)["server"] == "unset");
    }

    TEST_CASE("a read that waits for the master does not hold up one that waits for a replica")
    {
        Worker worker;
        worker.judge(in_state(State::odown, false), read_set({}), ReadFallback::wait, 8s);
        CHECK(worker.write().empty());
        CHECK(worker.read().empty());
        worker.judge(in_state(State::odown, false), read_set({1}), ReadFallback::wait, 8s);
        agent::answer_some(worker.desk, worker.desk.now, 10);
        CHECK(worker.desk.waiting.size() == 1);
    }

    TEST_CASE("a name without replicas configured offers none")
    {
        Worker worker;
        auto said = worker.asked(question_for_replica("b"));
        CHECK(said["server"] == "unset");
        CHECK(said["reason"].find("not offered") != std::string::npos);
        CHECK(worker.desk.tally.unknown_names.read() == 1);
    }

    TEST_CASE("nobody is named from a stale snapshot")
    {
        Worker worker;
        worker.judge(good_verdict(), read_set({1}));
        worker.desk.stale = true;
        auto said = worker.read();
        CHECK(said["server"] == "unset");
        CHECK(said["state"] == "string stale");
        CHECK(worker.counted(0) == 1);
    }

    TEST_CASE("reads are counted by server, and not among the verdicts on the master")
    {
        Worker worker;
        worker.judge(good_verdict(), read_set({1, 1}));
        for (int i = 0; i < 4; ++i)
            worker.read();
        worker.judge(good_verdict(), read_set({}));
        worker.read();
        worker.judge(good_verdict(), read_set({}), ReadFallback::refuse);
        worker.read();
        CHECK(worker.counted(2) == 2);
        CHECK(worker.counted(3) == 2);
        CHECK(worker.counted(1) == 1);
        CHECK(worker.counted(0) == 1);
        CHECK(counted(worker.desk.tally) == "hello=1 notify=6");
    }
}
