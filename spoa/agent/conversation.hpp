#pragma once

#include "agent/handshake.hpp"
#include "agent/seats.hpp"
#include "agent/snapshot.hpp"
#include "agent/tally.hpp"
#include "agent/waiting_room.hpp"
#include "base/bytes.hpp"
#include "spop/frame_header.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

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
    std::chrono::steady_clock::time_point now = {};  // when the frames at hand were read
    WaitingRoom waiting = WaitingRoom();             // whose verdict is not clear; late_answers.hpp
    std::vector<std::uint32_t> turns = {};  // of role=replica, by name: which replica is the next
};

// One HAProxy connection as frames in, bytes out. Free of I/O.
class Conversation {
public:
    // `desk` must outlive the conversation.
    Conversation(Desk& desk, std::uint32_t max_frame_size)
        : desk_(desk), seat_(desk.seats), max_frame_size_(max_frame_size)
    {}
    Conversation(const Conversation&) = delete;
    Conversation& operator=(const Conversation&) = delete;
    ~Conversation();  // questions of it that wait leave

    // Takes up what began with another process of ours: it has greeted, and agreed on this. Before
    // the first frame.
    void resume(std::uint32_t max_frame_size);

    // Called when there is a late reply and was none before.
    std::function<void()> on_late_reply;

    // Appends the reply to one whole frame. False means: send what is there, then hang up. A
    // question that waits gets none now, but a late one.
    [[nodiscard]] bool on_frame(ByteView frame, Bytes& reply);

    // Answers a question that waited, by what the verdict says now.
    void answer_late(const Ticket& ticket, WaitEnd end);

    // Appends the late replies there are: whole frames, each once.
    void take_late_replies(Bytes& reply);

    // Appends the farewell for a frame that could not even be cut out of the stream. A peer that
    // never greeted gets nothing: it is no HAProxy.
    void on_bad_stream(const error_code& error, Bytes& reply);

    bool greeted() const { return state_ == State::running; }
    std::uint32_t max_frame_size() const { return max_frame_size_; }
    std::uint64_t answers() const { return answers_; }  // ACKs so far, without the late ones

private:
    bool on_hello(ByteView payload, Bytes& reply);
    void take_seat();
    bool on_notify(const spop::FrameHeader& header, ByteView payload, Bytes& reply);
    std::optional<Topic> asked_before(ByteView question) const;
    void keep_question(ByteView question, const Topic& topic);
    void put_answer(
        std::uint64_t stream_id, std::uint64_t frame_id, ByteView actions, Bytes& out) const;
    void park(const spop::FrameHeader& header, const Topic& topic, WaitingRoom::TimePoint deadline);
    bool refuse(SpopError kind, const error_code& error, Bytes& reply);

    Desk& desk_;
    Seat seat_;  // taken by the HELLO: who never greets keeps nobody from being served
    std::uint32_t max_frame_size_;
    State state_ = State::awaiting_hello;
    std::uint64_t answers_ = 0;
    std::size_t waiting_ = 0;  // questions of ours in the waiting room
    Bytes late_replies_;

    // The last question that was understood, and what it is about by that index. HAProxy asks
    // the same over and over, byte by byte, and then nothing has to be parsed or looked up.
    Bytes last_question_;
    std::shared_ptr<const NameIndex> last_index_;
    Topic last_topic_;
};

}  // namespace spoa::agent
