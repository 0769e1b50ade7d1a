#pragma once

#include "agent/conversation.hpp"
#include "net/spop_session.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

namespace spoa::net {

// Ends the waits of one worker's questions: one timer for all of them. Answers go out a chunk at a
// time, because some hundred at once delay the first write on the new master by 10 to 20 ms.
// Single-threaded.
class WaitKeeper {
public:
    // Both references must outlive it.
    WaitKeeper(
        const boost::asio::any_io_executor& executor, agent::Desk& desk, const SnapshotClock& clock)
        : timer_(executor), desk_(desk), clock_(clock)
    {}

    // Runs until cancelled.
    boost::asio::awaitable<void> run();

    // There is a new snapshot.
    void look_now();

private:
    boost::asio::steady_timer timer_;
    agent::Desk& desk_;
    const SnapshotClock& clock_;
};

}  // namespace spoa::net
