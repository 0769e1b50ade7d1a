#include "agent/waiting_room.hpp"

#include "agent/verdicts.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <vector>

using namespace spoa;
using namespace std::chrono_literals;
using agent::Conversation;
using agent::Ticket;
using agent::WaitingRoom;

namespace {

const WaitingRoom::TimePoint start{};

bool anybody(const agent::Topic&)
{
    return true;
}

// The stream of a ticket; 0 when there is none.
std::uint64_t stream(const std::optional<Ticket>& ticket)
{
    return ticket ? ticket->stream_id : 0;
}

// Two askers, and a room in which their questions wait.
struct Room {
    agent::Desk desk{spoa::test::snapshot_of({"a", "b"}, {}), agent::Tally(2)};
    Conversation one{desk, 16'380};
    Conversation other{desk, 16'380};
    WaitingRoom room;

    explicit Room(std::size_t most = 100) : room(most) {}

    std::uint64_t park(
        Conversation& asker, std::uint64_t stream_id, std::size_t name,
        WaitingRoom::TimePoint deadline = start + 1s)
    {
        return stream(room.park({&asker, stream_id, 1, {name, agent::Role::master}, deadline}));
    }
};

}  // namespace

TEST_SUITE("agent/waiting_room")
{
    TEST_CASE("the oldest goes first, whatever its name")
    {
        Room f;
        f.park(f.one, 1, 1);
        f.park(f.other, 2, 0);
        f.park(f.one, 3, 1);
        CHECK(f.room.size() == 3);
        for (const std::uint64_t expected : {1U, 2U, 3U, 0U})
            CHECK(stream(f.room.take_oldest(anybody)) == expected);
        CHECK(f.room.empty());
    }

    TEST_CASE("only those go whose name may")
    {
        Room f;
        f.park(f.one, 1, 0);
        f.park(f.one, 2, 1);
        const auto second_name = [](const agent::Topic& topic) { return topic.name == 1; };
        CHECK(stream(f.room.take_oldest(second_name)) == 2);
        CHECK(stream(f.room.take_oldest(second_name)) == 0);
        CHECK(f.room.size() == 1);
    }

    TEST_CASE("each goes at its deadline and not before, and the next deadline is known")
    {
        Room f;
        CHECK_FALSE(f.room.next_deadline());
        f.park(f.one, 1, 0, start + 8s);
        f.park(f.one, 2, 1, start + 1s);
        CHECK(f.room.next_deadline() == start + 1s);
        CHECK(stream(f.room.take_expired(start + 999ms)) == 0);
        CHECK(stream(f.room.take_expired(start + 1s)) == 2);
        CHECK(f.room.next_deadline() == start + 8s);
        CHECK(stream(f.room.take_expired(start + 7s)) == 0);
        CHECK(stream(f.room.take_expired(start + 9s)) == 1);
        CHECK_FALSE(f.room.next_deadline());
    }

    TEST_CASE("when one too many comes, the oldest of all names has to go")
    {
        Room f(2);
        CHECK(f.park(f.one, 1, 1) == 0);
        CHECK(f.park(f.other, 2, 0) == 0);
        CHECK(f.park(f.one, 3, 0) == 1);
        CHECK(f.park(f.one, 4, 0) == 2);
        CHECK(f.room.size() == 2);
    }

    TEST_CASE("who ends takes all of its own along and nothing else")
    {
        Room f;
        f.park(f.one, 1, 0);
        f.park(f.other, 2, 0);
        f.park(f.one, 3, 1);
        CHECK(f.room.leave(f.one).size() == 2);
        CHECK(f.room.leave(f.one).empty());
        CHECK(f.room.size() == 1);
        CHECK(stream(f.room.take_oldest(anybody)) == 2);
    }
}
