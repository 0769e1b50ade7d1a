#pragma once

#include "base/descriptor.hpp"
#include "base/endpoint.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/asio/steady_timer.hpp>

#include <sys/types.h>

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spoa::daemon {

// An upgrade without a gap: the running process starts the program anew, from the file that is
// there now, and leaves it the very sockets it listens on. The new process lets nobody in before it
// knows its masters; then it says so over a pipe, and the old one hands it HAProxy's connections
// over and drains. No connection is ever refused or lost in a backlog, because the sockets stay
// open all the time. When the new one fails, it only ends.

// The new process' side.
class Predecessor {
public:
    // Takes from the environment what the old process left us; nothing when we were started
    // otherwise.
    Predecessor();

    // The listening socket for `address`, once; nothing where the old process had none.
    std::optional<int> take(const SocketAddress& address);

    bool is_there() const { return pipe_ >= 0; }

    // Where it hands HAProxy's connections over; none where it knows nothing of that.
    Descriptor take_channel() { return std::move(channel_); }

    // What it knew of the names when it started us, as telemetry::encode_memory has it; once. Empty
    // where it handed nothing over.
    std::string take_memory();

    // We serve: the old process drains. Closes what was not taken.
    void relieve();

private:
    std::map<std::string, int> sockets_;
    Descriptor channel_;
    Descriptor memory_;
    int pipe_ = -1;
};

// The old process' side: one attempt at a time.
class Successor {
public:
    explicit Successor(boost::asio::io_context& context) : pipe_(context), limit_(context) {}

    // Starts `command`, leaves it the sockets and the memory, and gives it these variables beside
    // ours. Throws
    // std::runtime_error with a sentence. Calls `then` later with whether it serves; false when it
    // has ended instead, or has said nothing within the limit and was killed. Then `start` may be
    // called again.
    void start(
        const std::vector<std::string>& command,
        const std::vector<std::pair<SocketAddress, int>>& sockets, const std::string& memory,
        std::vector<std::string> variables, std::function<void(bool)> then);

    // Where it takes HAProxy's connections, once it serves. Ours.
    int channel() const { return channel_.get(); }

    bool is_starting() const { return child_ > 0; }
    pid_t pid() const { return child_; }

private:
    void wait(std::function<void(bool)> then);

    boost::asio::readable_pipe pipe_;
    boost::asio::steady_timer limit_;
    std::array<char, 1> sign_{};
    Descriptor channel_;
    pid_t child_ = 0;
};

}  // namespace spoa::daemon
