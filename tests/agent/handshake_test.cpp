#include "agent/handshake.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <vector>

using namespace spoa::agent;
using spoa::spop::FrameType;

namespace {

// One row of the table: what each column calls for in this state.
struct Row {
    State state;
    Step haproxy_hello;
    Step notify;
    Step haproxy_disconnect;
    Step unset;
    Step unknown_type;
};

constexpr Step refused{State::closed, Reply::disconnect};
constexpr Step goodbye{State::closed, Reply::goodbye};
constexpr Step ignored_when_closed{State::closed, Reply::none};

constexpr std::array table{
    Row{State::awaiting_hello,
        {State::running, Reply::agent_hello},
        refused,
        goodbye,
        refused,
        refused},
    Row{State::running,
        refused,
        {State::running, Reply::ack},
        goodbye,
        refused,
        {State::running, Reply::none}},
    Row{State::closed,
        ignored_when_closed,
        ignored_when_closed,
        ignored_when_closed,
        ignored_when_closed,
        ignored_when_closed},
};

}  // namespace

TEST_SUITE("agent/handshake")
{
    TEST_CASE("every cell of the table holds")
    {
        for (const auto& row : table) {
            CAPTURE(static_cast<int>(row.state));
            CHECK(on_frame(row.state, FrameType::haproxy_hello) == row.haproxy_hello);
            CHECK(on_frame(row.state, FrameType::notify) == row.notify);
            CHECK(on_frame(row.state, FrameType::haproxy_disconnect) == row.haproxy_disconnect);
            CHECK(on_frame(row.state, FrameType::unset) == row.unset);
        }
    }

    TEST_CASE("a type that only an agent sends counts as unset")
    {
        for (const auto& row : table)
            for (const auto type :
                 {FrameType::agent_hello, FrameType::agent_disconnect, FrameType::ack}) {
                CAPTURE(static_cast<int>(row.state));
                CAPTURE(static_cast<int>(type));
                CHECK(on_frame(row.state, type) == row.unset);
            }
    }

    TEST_CASE("every other type is unknown")
    {
        const std::vector<unsigned> known{0, 1, 2, 3, 101, 102, 103};
        for (const auto& row : table)
            for (unsigned type = 0; type < 256; ++type) {
                if (std::ranges::count(known, type) > 0)
                    continue;
                CAPTURE(static_cast<int>(row.state));
                CAPTURE(type);
                CHECK(on_frame(row.state, static_cast<FrameType>(type)) == row.unknown_type);
            }
    }
}
