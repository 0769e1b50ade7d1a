#pragma once

#include "agent/conversation.hpp"
#include "net/deadlines.hpp"
#include "net/ready_sockets.hpp"
#include "net/spop_session.hpp"
#include "net/task_group.hpp"
#include "net/wait_keeper.hpp"

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace spoa::net {

// One thread that answers SPOP frames and does nothing else. Other threads talk to it by
// publish(), serve() and stop(), and read its counters.
class SpopWorker {
public:
    // `on_failure` hears of a defect that ended a session; it is called on the worker's thread.
    // A snapshot that was published longer than `snapshot_limit` ago is not answered from. `seats`
    // must outlive the worker. At most `most_waiting` questions wait for a clear verdict.
    SpopWorker(
        const std::shared_ptr<const agent::Snapshot>& first,
        std::chrono::steady_clock::duration snapshot_limit, SessionLimits limits,
        agent::Seats& seats, std::size_t most_waiting,
        const std::function<void(std::string)>& on_failure);

    // Ends the thread; sessions that were not stopped before are dropped.
    ~SpopWorker();  // NOLINT(bugprone-exception-escape): a defect in it ends the program
    SpopWorker(const SpopWorker&) = delete;
    SpopWorker& operator=(const SpopWorker&) = delete;

    const agent::Tally& tally() const { return desk_.tally; }

    // Connections that are open or on their way here. For the thread that calls serve().
    std::size_t load() const { return taken_over_ - desk_.tally.connections_closed.read(); }

    // Snapshots that were put in force, ever: it grows as long as the loop turns and is given any.
    std::uint64_t turns() const { return turns_.load(std::memory_order_relaxed); }

    // Other limits; sessions keep those they began with. `most_waiting` as for the constructor.
    void set_limits(
        std::chrono::steady_clock::duration snapshot_limit, SessionLimits limits,
        std::size_t most_waiting);

    // Puts a new snapshot in force: every frame read after it has arrived is answered from it.
    void publish(std::shared_ptr<const agent::Snapshot> snapshot);

    // Takes over an accepted connection; one that another process began goes on from `before`.
    void serve(Descriptor connection, std::unique_ptr<agent::HandOver> before = nullptr);

    // Answers the questions that wait. `heir` takes every connection; where it does not, it says
    // goodbye.
    void stop(Heir heir);

private:
    struct Newcomer {
        Descriptor connection;
        std::unique_ptr<agent::HandOver> before;
    };
    void let_in();
    void begin_session();

    boost::asio::io_context context_{1};
    agent::Desk desk_;
    SnapshotClock clock_;
    SessionLimits limits_;
    Heir heir_;
    ReadySockets ready_;
    Deadlines deadlines_;
    WaitKeeper waits_;
    TaskGroup sessions_;
    TaskGroup housekeeping_;
    std::deque<Newcomer> newcomers_;  // whose sessions have not begun
    bool letting_in_ = false;
    std::atomic<std::uint64_t> turns_{0};
    std::size_t taken_over_ = 0;  // by serve(), ever
    std::jthread thread_;         // last: nothing runs before the rest is made
};

}  // namespace spoa::net
