// An upgrade's connections on their way from the old process to the new one: over a UNIX socket
// between the two (SOCK_SEQPACKET), one message each, with the descriptor and agent::HandOver.
#pragma once

#include "agent/hand_over.hpp"
#include "base/descriptor.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstddef>
#include <functional>

namespace spoa::net {

// How the new process is reached by those who hand over.
class Heir {
public:
    Heir() = default;  // there is none
    // `channel` must outlive it.
    explicit Heir(int channel) : channel_(channel) {}

    // Whether the new process has the connection now, and `socket` is to be closed without a word.
    // May block, for a second at most: a process that takes nothing for so long gets nothing more.
    bool take(int socket, const agent::HandOver& state);

private:
    int channel_ = -1;
};

// Both ends of a channel from one process to the next, neither of which a program inherits unasked.
struct HandOverChannel {
    int giving;
    int taking;
};
HandOverChannel make_hand_over_channel();  // throws std::system_error

// What becomes of a connection that was handed over.
using GoOn = std::function<void(Descriptor connection, agent::HandOver state)>;

struct TakenOver {
    std::size_t connections = 0;
    std::size_t bad = 0;  // messages that were none of these, and were dropped
};

// Takes connections over until the other side has no more, or until cancelled.
boost::asio::awaitable<TakenOver> take_over(
    boost::asio::posix::stream_descriptor channel, GoOn go_on);

}  // namespace spoa::net
