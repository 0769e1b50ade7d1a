#pragma once

#include "agent/handshake.hpp"
#include "agent/seats.hpp"
#include "agent/snapshot.hpp"
#include "agent/tally.hpp"
#include "base/bytes.hpp"
#include "spop/frame_header.hpp"

#include <cstdint>
#include <memory>

namespace spoa::agent {

// What all conversations of one worker share: the answers in force and the counters. Touched by
// the worker's thread only, but for reading the counters.
struct Desk {
    std::shared_ptr<const Snapshot> snapshot;
    Tally tally;
    // The snapshot was not confirmed for so long that it must not be used: the control thread
    // hangs, or the process was stopped.
    bool stale = false;
    // Those of all workers together, which must outlive the desk; without any, everybody is served.
    Seats* seats = nullptr;
};

// One HAProxy connection as frames in, bytes out. Free of I/O.
class Conversation {
public:
    // `desk` must outlive the conversation.
    Conversation(Desk& desk, std::uint32_t max_frame_size)
        : desk_(desk), seat_(desk.seats), max_frame_size_(max_frame_size)
    {}

    // Appends the reply to one whole frame. False means: send what is there, then hang up.
    [[nodiscard]] bool on_frame(ByteView frame, Bytes& reply);

    // Appends the farewell for a frame that could not even be cut out of the stream. A peer that
    // never greeted gets nothing: it is no HAProxy.
    void on_bad_stream(const error_code& error, Bytes& reply);

    bool greeted() const { return state_ == State::running; }
    std::uint32_t max_frame_size() const { return max_frame_size_; }
    std::uint64_t answers() const { return answers_; }  // ACKs so far

private:
    bool on_hello(ByteView payload, Bytes& reply);
    bool on_notify(const spop::FrameHeader& header, ByteView payload, Bytes& reply);
    bool refuse(SpopError kind, const error_code& error, Bytes& reply);

    Desk& desk_;
    Seat seat_;  // taken by the HELLO: who never greets keeps nobody from being served
    std::uint32_t max_frame_size_;
    State state_ = State::awaiting_hello;
    std::uint64_t answers_ = 0;
};

}  // namespace spoa::agent
