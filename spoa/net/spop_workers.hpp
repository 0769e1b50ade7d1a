#pragma once

#include "net/connection_limits.hpp"
#include "net/listener.hpp"
#include "net/spop_worker.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <vector>

namespace spoa::net {

// The workers, and who of them takes a connection. For the control thread.
class SpopWorkers {
public:
    // `on_failure` as for SpopWorker.
    SpopWorkers(
        unsigned threads, const std::shared_ptr<const agent::Snapshot>& first,
        std::chrono::steady_clock::duration snapshot_limit, SessionLimits session_limits,
        ConnectionLimits connection_limits, const std::function<void(std::string)>& on_failure);

    // The worker with the fewest open connections, in turn where several have as few; nobody when
    // as many are open as may be.
    Taker next();

    // Other limits, as for the constructor.
    void set_limits(
        std::chrono::steady_clock::duration snapshot_limit, SessionLimits session_limits,
        ConnectionLimits connection_limits);

    void publish(const std::shared_ptr<const agent::Snapshot>& snapshot);

    // Whether every worker has put a snapshot in force since this was last true.
    bool all_turned();

    // A connection that the process before us has handed over. It is served however many are open:
    // HAProxy may be waiting for an answer on it.
    void go_on(Descriptor connection, agent::HandOver state);

    // Has `heir` take every connection; where it does not, says goodbye.
    void stop(Heir heir);

    std::size_t open_connections() const;
    // Answers that named an undoubted master of the name, ever.
    std::uint64_t connections_sent(std::size_t name) const;
    std::uint64_t refused_connections() const;  // greeted without a seat, ever
    bool is_full() const { return open_connections() >= limits_.open(); }
    const agent::Seats& seats() const { return seats_; }
    std::vector<const agent::Tally*> tallies() const;

private:
    void serve(Descriptor connection, std::unique_ptr<agent::HandOver> before = nullptr);

    ConnectionLimits limits_;
    agent::Seats seats_{limits_.served};
    std::map<const SpopWorker*, std::uint64_t> turns_seen_;
    std::list<SpopWorker> workers_;  // the one whose turn it is first
};

}  // namespace spoa::net
