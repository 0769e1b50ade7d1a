#pragma once

#include "agent/topic.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace spoa::agent {

class Conversation;

// A question that was asked and not answered yet.
struct Ticket {
    Conversation* asker = nullptr;
    std::uint64_t stream_id = 0;
    std::uint64_t frame_id = 0;
    Topic topic;
    std::chrono::steady_clock::time_point deadline;  // it is answered then, whatever the verdict
};

// The questions of one worker that wait for a clear verdict instead of being refused. Whoever takes
// a ticket out has to answer it. Free of clocks and I/O.
class WaitingRoom {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    explicit WaitingRoom(std::size_t most = 10'000) : most_(most) {}

    // As many may wait from now on; those who wait already stay.
    void set_most(std::size_t most) { most_ = most; }

    // When that is one too many, the oldest of all is taken out.
    [[nodiscard]] std::optional<Ticket> park(const Ticket& ticket);

    // Takes the oldest out, of those whose topic `may_go`.
    template <class Predicate>
    [[nodiscard]] std::optional<Ticket> take_oldest(Predicate may_go);

    // Takes out one whose deadline has passed.
    [[nodiscard]] std::optional<Ticket> take_expired(TimePoint now);

    // Takes out all of an asker that ends; nobody is left to answer them.
    std::vector<Ticket> leave(const Conversation& asker);

    std::optional<TimePoint> next_deadline() const;
    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }

private:
    struct Place {
        Ticket ticket;
        std::uint64_t number;  // counts arrivals, whatever their topic
    };
    // Never empty. The oldest in front is also the first to expire, as the wait of a topic is
    // always the same.
    using Queue = std::deque<Place>;
    using Queues = std::map<Topic, Queue>;  // only those for which somebody waits

    Ticket take_front(Queues::iterator queue);

    Queues queues_;
    std::size_t most_;
    std::size_t size_ = 0;
    std::uint64_t arrivals_ = 0;
};

template <class Predicate>
std::optional<Ticket> WaitingRoom::take_oldest(Predicate may_go)
{
    auto oldest = queues_.end();
    for (auto queue = queues_.begin(); queue != queues_.end(); ++queue)
        if (may_go(queue->first) && (oldest == queues_.end() ||
                                     queue->second.front().number < oldest->second.front().number))
            oldest = queue;
    if (oldest == queues_.end())
        return std::nullopt;
    return take_front(oldest);
}

}  // namespace spoa::agent
