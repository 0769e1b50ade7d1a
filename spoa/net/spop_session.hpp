#pragma once

#include "agent/conversation.hpp"
#include "net/deadlines.hpp"
#include "net/hand_over.hpp"
#include "net/ready_sockets.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <memory>

namespace spoa::net {

// What all sessions of one worker share beside the desk.
struct SnapshotClock {
    std::chrono::steady_clock::time_point confirmed_at;  // by the control thread, when it published
    std::chrono::steady_clock::duration limit;           // an older snapshot is not used

    bool is_stale(std::chrono::steady_clock::time_point now) const
    {
        return now - confirmed_at > limit;
    }
};

struct SessionLimits {
    std::uint32_t max_frame_size = 16'380;   // HAProxy's own default
    std::chrono::milliseconds hello{5'000};  // from connecting to the HELLO
    std::chrono::milliseconds frame{5'000};  // from the first byte of a frame to its last
    std::chrono::milliseconds write{2'000};  // for a peer that does not read
};  // a greeted connection may idle for ever: HAProxy decides how long it keeps one

// Serves one HAProxy connection until it ends; one that another process began goes on from
// `before`. After a terminal cancellation `heir` takes it, or the peer is told goodbye. What is
// taken by reference must outlive it.
boost::asio::awaitable<void> run_spop_session(
    Descriptor accepted, ReadySockets& ready, agent::Desk& desk, const SnapshotClock& clock,
    Deadlines& deadlines, SessionLimits limits, Heir& heir,
    std::unique_ptr<agent::HandOver> before = nullptr);

}  // namespace spoa::net
