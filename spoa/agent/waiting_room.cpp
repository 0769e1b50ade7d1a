#include "agent/waiting_room.hpp"

namespace spoa::agent {

std::optional<Ticket> WaitingRoom::park(const Ticket& ticket)
{
    std::optional<Ticket> oldest;
    if (size_ >= most_)
        oldest = take_oldest([](const Topic&) { return true; });
    queues_[ticket.topic].push_back({ticket, arrivals_++});
    ++size_;
    return oldest;
}

std::optional<Ticket> WaitingRoom::take_expired(TimePoint now)
{
    for (auto queue = queues_.begin(); queue != queues_.end(); ++queue)
        if (queue->second.front().ticket.deadline <= now)
            return take_front(queue);
    return std::nullopt;
}

std::vector<Ticket> WaitingRoom::leave(const Conversation& asker)
{
    std::vector<Ticket> left;
    for (auto next = queues_.begin(); next != queues_.end();) {
        const auto queue = next++;
        std::erase_if(queue->second, [&](const Place& place) {
            const bool theirs = place.ticket.asker == &asker;
            if (theirs)
                left.push_back(place.ticket);
            return theirs;
        });
        if (queue->second.empty())
            queues_.erase(queue);
    }
    size_ -= left.size();
    return left;
}

std::optional<WaitingRoom::TimePoint> WaitingRoom::next_deadline() const
{
    std::optional<TimePoint> next;
    for (const auto& [topic, queue] : queues_)
        if (const auto deadline = queue.front().ticket.deadline; !next || deadline < *next)
            next = deadline;
    return next;
}

Ticket WaitingRoom::take_front(Queues::iterator queue)
{
    const auto ticket = queue->second.front().ticket;
    queue->second.pop_front();
    if (queue->second.empty())
        queues_.erase(queue);
    --size_;
    return ticket;
}

}  // namespace spoa::agent
