#include "agent/conversation.hpp"

#include "agent/read_sets.hpp"
#include "allocations/counted_new.hpp"
#include "allocations/on_the_wire.hpp"
#include "spop/frame_splitter.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace spoa;
using spoa::test::allocations;
using spoa::test::good_verdict;
using spoa::test::haproxy_hello;
using spoa::test::question_about;
using spoa::test::question_for_replica;
using spoa::test::questions_on_the_wire;
using spoa::test::shut_verdict;
using spoa::test::snapshot_of;

namespace {

constexpr std::uint32_t max_frame_size = 16'380;

// What a session does between its read and its write.
struct Line {
    agent::Desk desk{
        snapshot_of(
            {"orders", "carts"}, {good_verdict(), shut_verdict(verdict::State::odown, "down")}),
        agent::Tally(2),
        false};
    agent::Conversation conversation{desk, max_frame_size};
    spop::FrameSplitter frames{max_frame_size};
    Bytes reply;

    Line() { REQUIRE(conversation.on_frame(haproxy_hello(), reply)); }

    // Whether every frame of the read was taken.
    bool answer(ByteView read)
    {
        reply.clear();
        std::ranges::copy(read, frames.space().begin());
        frames.commit(read.size());
        for (auto frame = frames.next(); frame; frame = frames.next()) {
            if (!*frame)
                return true;
            if (!conversation.on_frame(**frame, reply))
                return false;
        }
        return false;
    }
};

}  // namespace

TEST_SUITE("allocations/conversation")
{
    TEST_CASE("a verdict allocates nothing, whatever it says, alone and pipelined")
    {
        Line line;
        for (const auto* const name : {"orders", "carts", "nobody"})
            for (const std::size_t pipelined : {1U, 16U}) {
                CAPTURE(name);
                CAPTURE(pipelined);
                const auto read = questions_on_the_wire(question_about(name), pipelined);
                REQUIRE(line.answer(read));  // the buffers find their size
                const auto answers = line.conversation.answers();
                const auto before = allocations();
                bool taken = true;
                for (int i = 0; i < 1'000; ++i)
                    taken = line.answer(read) && taken;
                CHECK(allocations() - before == 0);
                CHECK(taken);
                CHECK(line.conversation.answers() - answers == 1'000 * pipelined);
            }
    }

    TEST_CASE("an answer that names a replica allocates nothing")
    {
        Line line;
        line.desk.snapshot = spoa::test::with_reads(
            *line.desk.snapshot, good_verdict(), spoa::test::read_set({3, 2, 1}));
        line.desk.tally.grow(2, line.desk.snapshot->read_counters);
        const auto read = questions_on_the_wire(question_for_replica("orders"), 16);
        REQUIRE(line.answer(read));
        const auto before = allocations();
        for (int i = 0; i < 1'000; ++i)
            line.answer(read);
        CHECK(allocations() - before == 0);
        CHECK(line.desk.tally.reads[2].read() == 8'008);
    }

    TEST_CASE("the count sees an allocation")
    {
        const auto before = allocations();
        const Bytes some(1);
        CHECK(allocations() - before == 1);
    }
}
