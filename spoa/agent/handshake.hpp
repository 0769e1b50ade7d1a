// Which frame may arrive when, and what it calls for. Nothing here parses or encodes: the
// whole protocol order is this one table, and a test walks every cell of it.
//
//                    haproxy_hello   notify       haproxy_disconnect   unset        unknown type
//   awaiting_hello   agent_hello     disconnect   goodbye              disconnect   disconnect
//   running          disconnect      ack          goodbye              disconnect   none
//   closed           none            none         none                 none         none
//
// The types that only an agent sends count as unset: a peer that sends them is no HAProxy.
// "Unknown frames may be silently skipped" (SPOE.txt, 3.2.2), but before the HELLO an unknown
// type means that this is some other protocol.
#pragma once

#include "spop/frame_type.hpp"

namespace spoa::agent {

enum class State { awaiting_hello, running, closed };

enum class Reply {
    none,
    agent_hello,
    ack,
    goodbye,     // AGENT-DISCONNECT in answer to HAPROXY-DISCONNECT
    disconnect,  // AGENT-DISCONNECT, because the frame may not come now
};

struct Step {
    State next;
    Reply reply;

    bool operator==(const Step&) const = default;
};

constexpr Step on_frame(State state, spop::FrameType frame) noexcept
{
    using spop::FrameType;
    if (state == State::closed)
        return {State::closed, Reply::none};
    switch (frame) {
        case FrameType::haproxy_hello:
            if (state == State::awaiting_hello)
                return {State::running, Reply::agent_hello};
            break;
        case FrameType::notify:
            if (state == State::running)
                return {State::running, Reply::ack};
            break;
        case FrameType::haproxy_disconnect: return {State::closed, Reply::goodbye};
        case FrameType::unset:
        case FrameType::agent_hello:
        case FrameType::agent_disconnect:
        case FrameType::ack: break;
        default:
            if (state == State::running)
                return {State::running, Reply::none};
            break;
    }
    return {State::closed, Reply::disconnect};
}

}  // namespace spoa::agent
