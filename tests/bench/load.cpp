#include "load.hpp"

#include "load_connection.hpp"

#include <memory>
#include <stdexcept>
#include <vector>

namespace spoa::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto drain_limit = 1s;                  // for the last answers
constexpr std::uint64_t first_stream_id = 2'288;  // from here to 264,431 an id takes three bytes

class Load {
public:
    explicit Load(const LoadSettings& settings) : settings_(settings)
    {
        raise_descriptor_limit();
        for (std::size_t i = 0; i < settings.idle; ++i)
            idle_.push_back(greeted_connection(settings.target));
        for (std::size_t i = 0; i < settings.connections; ++i) {
            connections_.push_back(std::make_unique<LoadConnection>(
                settings, first_stream_id + i * LoadConnection::ids_a_connection));
            epoll_.add(connections_.back()->socket(), i);
        }
        result_.request_size = connections_.front()->request_size();
        result_.reply_size = settings.raw_reply;
    }

    LoadResult run()
    {
        asking_ = true;
        next_due_ = Clock::now();
        if (settings_.rate == 0)
            for (auto& connection : connections_)
                ask(connection, settings_.in_flight, next_due_);
        run_until(Clock::now() + settings_.warm_up, 0);

        result_.latency = {};
        result_.answers = 0;
        const auto used = usage();
        const auto begun = Clock::now();
        run_until(begun + settings_.duration, settings_.count);
        result_.took = Clock::now() - begun;
        const auto used_then = usage();
        result_.cpu = cpu_time_between(used, used_then);
        result_.resident_bytes = used_then.resident_bytes;

        auto measured = result_;
        drain();
        measured.lost = result_.lost;
        measured.faults = result_.faults;
        measured.first_fault = result_.first_fault;
        return measured;
    }

private:
    using Place = std::unique_ptr<LoadConnection>;

    ProcessUsage usage() const
    {
        return settings_.process ? usage_of(*settings_.process) : ProcessUsage();
    }

    // Asks and takes answers until then, or until so many have come, when `count` is not 0.
    void run_until(Clock::time_point end, std::uint64_t count)
    {
        for (auto now = Clock::now(); now < end && (count == 0 || result_.answers < count);
             now = Clock::now()) {
            auto next = end;
            if (settings_.rate > 0) {
                ask_what_is_due(now);
                next = std::min(end, std::max(next_due_, now));
            }
            serve(next - now);
        }
    }

    // The last questions are answered, or lost.
    void drain()
    {
        asking_ = false;
        const auto end = Clock::now() + drain_limit;
        while (under_way() > 0 && Clock::now() < end)
            serve(end - Clock::now());
        result_.lost += under_way();
    }

    std::size_t under_way() const
    {
        std::size_t all = 0;
        for (const auto& connection : connections_)
            all += connection ? connection->under_way() : 0;
        return all;
    }

    void serve(std::chrono::nanoseconds limit)
    {
        for (const auto& event : epoll_.wait(settings_.spin ? 0ns : limit)) {
            auto& connection = connections_[event.data.u64];
            const auto received = connection->receive(result_);
            if (received.closed)
                drop(connection);
            else if (received.answers > 0 && asking_ && settings_.rate == 0)
                ask(connection, received.answers, Clock::now());
        }
    }

    // In turn on each connection that has room; what finds none stays due.
    void ask_what_is_due(Clock::time_point now)
    {
        const std::chrono::nanoseconds step(static_cast<std::int64_t>(1e9 / settings_.rate));
        for (std::size_t full = 0; next_due_ <= now && full < connections_.size();) {
            auto& connection = connections_[turn_++ % connections_.size()];
            if (connection && connection->room() > 0) {
                ask(connection, 1, next_due_);
                next_due_ += step;
                full = 0;
            } else {
                ++full;
            }
        }
    }

    void ask(Place& connection, std::size_t count, Clock::time_point due)
    {
        if (!connection->ask(count, due)) {
            result_.lost += count;
            drop(connection);
        }
    }

    // The agent has no reason to end a connection of ours: what was under way is lost.
    void drop(Place& connection)
    {
        result_.lost += connection->under_way();
        connection.reset();
        if (++dropped_ == connections_.size())
            throw std::runtime_error("the peer has closed every connection");
    }

    const LoadSettings& settings_;
    Epoll epoll_;
    std::vector<Descriptor> idle_;
    std::vector<Place> connections_;  // null: closed by the peer
    std::size_t dropped_ = 0;
    bool asking_ = false;
    Clock::time_point next_due_;
    std::size_t turn_ = 0;
    LoadResult result_;
};

}  // namespace

LoadResult run_load(const LoadSettings& settings)
{
    return std::make_unique<Load>(settings)->run();
}

}  // namespace spoa::bench
