#pragma once

#include "base/bytes.hpp"
#include "load.hpp"
#include "sockets.hpp"
#include "spop/frame_splitter.hpp"

#include <chrono>
#include <cstdint>
#include <deque>

namespace spoa::bench {

using Clock = std::chrono::steady_clock;

// What a read brought.
struct Received {
    std::uint64_t answers = 0;
    bool closed = false;
};

// One connection of the load: its questions, encoded once, and what is under way.
class LoadConnection {
public:
    // Greets the agent and waits for its HELLO. `first_stream_id` is the first of ids_a_connection
    // that its questions take turns with.
    LoadConnection(const LoadSettings& settings, std::uint64_t first_stream_id);

    static constexpr std::uint64_t ids_a_connection = 128;

    const Descriptor& socket() const { return socket_; }
    std::size_t request_size() const { return request_size_; }
    std::size_t under_way() const { return under_way_; }
    std::size_t room() const { return settings_.in_flight - under_way_; }

    // Sends `count` questions, not more than room(), whose latency counts from `due`. False: the
    // peer is gone.
    bool ask(std::size_t count, Clock::time_point due);

    // Reads once and takes note of each answer in `result`.
    Received receive(LoadResult& result);

private:
    bool take_answers(LoadResult& result, std::uint64_t& answers);
    void verify(ByteView frame, LoadResult& result);
    void settle(std::uint64_t answers, LoadResult& result);

    struct Batch {
        Clock::time_point due;
        std::size_t questions;
    };

    const LoadSettings& settings_;
    std::uint64_t first_stream_id_;
    Descriptor socket_;
    spop::FrameSplitter frames_;
    Bytes questions_;  // ids_a_connection of them, and the first in_flight once more
    std::size_t request_size_ = 0;
    std::uint64_t asked_ = 0;
    std::uint64_t answered_ = 0;
    std::size_t under_way_ = 0;
    std::size_t raw_bytes_ = 0;  // of an answer that is not whole yet
    std::deque<Batch> batches_;
};

// Connects and greets; returns when the agent has greeted back.
Descriptor greeted_connection(const SocketAddress& target);

}  // namespace spoa::bench
