#include "net/spop_worker.hpp"

#include "agent/late_answers.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <utility>

namespace asio = boost::asio;

namespace spoa::net {
namespace {

std::string message_of(const std::exception_ptr& failure)
{
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& e) {
        return e.what();
    } catch (...) {
        return "unknown exception";
    }
}

}  // namespace

SpopWorker::SpopWorker(
    const std::shared_ptr<const agent::Snapshot>& first,
    std::chrono::steady_clock::duration snapshot_limit, SessionLimits limits, agent::Seats& seats,
    std::size_t most_waiting, const std::function<void(std::string)>& on_failure)
    : desk_{.snapshot = first, .tally = agent::Tally(first->answers.size()), .seats = &seats, .waiting = agent::WaitingRoom(most_waiting)},
      clock_{std::chrono::steady_clock::now(), snapshot_limit},
      limits_(limits),
      ready_(context_.get_executor()),
      deadlines_(context_.get_executor()),
      waits_(context_.get_executor(), desk_, clock_),
      sessions_(
          context_.get_executor(),
          [this, on_failure](const std::exception_ptr& failure) {
              desk_.tally.count(agent::SpopError::internal);
              on_failure(message_of(failure));
          }),
      housekeeping_(context_.get_executor(), [on_failure](const std::exception_ptr& failure) {
          on_failure(message_of(failure));
      })
{
    housekeeping_.spawn(ready_.run());
    housekeeping_.spawn(deadlines_.run());
    housekeeping_.spawn(waits_.run());
    thread_ = std::jthread([this] {
        const auto work = asio::make_work_guard(context_);
        context_.run();
    });
}

// NOLINTNEXTLINE(bugprone-exception-escape): a defect in here ends the program
SpopWorker::~SpopWorker()
{
    context_.stop();
    thread_.join();
    // Let every session end on its own, because they refer to members of ours. The second round
    // is for a goodbye that its peer does not read.
    housekeeping_.cancel();
    for (int round = 0; round < 2 && sessions_.size() + housekeeping_.size() > 0; ++round) {
        sessions_.cancel();
        context_.restart();
        context_.run_for(std::chrono::milliseconds(500));
    }
}

void SpopWorker::set_limits(
    std::chrono::steady_clock::duration snapshot_limit, SessionLimits limits,
    std::size_t most_waiting)
{
    asio::post(context_, [this, snapshot_limit, limits, most_waiting] {
        clock_.limit = snapshot_limit;
        limits_ = limits;
        desk_.waiting.set_most(most_waiting);
    });
}

void SpopWorker::publish(std::shared_ptr<const agent::Snapshot> snapshot)
{
    const auto now = std::chrono::steady_clock::now();
    desk_.tally.grow(snapshot->answers.size(), snapshot->read_counters);
    asio::post(context_, [this, now, next = std::move(snapshot)]() mutable {
        desk_.snapshot = std::move(next);
        clock_.confirmed_at = now;
        waits_.look_now();
        turns_.fetch_add(1, std::memory_order_relaxed);
    });
}

void SpopWorker::serve(Descriptor connection, std::unique_ptr<agent::HandOver> before)
{
    ++taken_over_;
    asio::post(
        context_, [this, next = Newcomer{std::move(connection), std::move(before)}]() mutable {
            newcomers_.push_back(std::move(next));
            if (!std::exchange(letting_in_, true))
                let_in();
        });
}

// One a turn of the event loop: whoever is here is not kept waiting by a crowd at the door.
void SpopWorker::let_in()
{
    letting_in_ = !newcomers_.empty();
    if (!letting_in_)
        return;
    begin_session();
    asio::post(context_, [this] { let_in(); });
}

void SpopWorker::begin_session()
{
    auto next = std::move(newcomers_.front());
    newcomers_.pop_front();
    sessions_.spawn(run_spop_session(
        std::move(next.connection),
        ready_,
        desk_,
        clock_,
        deadlines_,
        limits_,
        heir_,
        std::move(next.before)));
}

void SpopWorker::stop(Heir heir)
{
    asio::post(context_, [this, heir] {
        while (!newcomers_.empty())
            begin_session();
        heir_ = heir;
        agent::answer_all(desk_);
        sessions_.cancel();
    });
}

}  // namespace spoa::net
