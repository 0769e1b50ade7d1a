#include "net/task_group.hpp"

#include "net/timeout.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <stdexcept>

using namespace spoa;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

struct Fixture {
    asio::io_context context{1};
    int failures = 0;
    net::TaskGroup tasks{context.get_executor(), [this](const std::exception_ptr&) { ++failures; }};
    net::TaskGroup::Task task;

    // Its cancellation comes between two waits: neither is there to be ended by it.
    asio::awaitable<void> be_cancelled_between_waits()
    {
        asio::steady_timer timer(co_await asio::this_coro::executor, 1ms);
        co_await timer.async_wait(net::as_result);
        net::TaskGroup::cancel(task);
        timer.expires_after(1h);
        co_await timer.async_wait(net::as_result);
    }

    // Runs until nothing is left to do.
    void run(asio::awaitable<void> what)
    {
        task = tasks.spawn(std::move(what));
        context.run_for(3s);
    }
};

}  // namespace

TEST_SUITE("net/task_group")
{
    TEST_CASE("what a task throws is told")
    {
        Fixture f;
        f.run([]() -> asio::awaitable<void> {
            throw std::runtime_error("x");
            co_return;
        }());
        CHECK(f.failures == 1);
        CHECK(f.tasks.size() == 0);
    }

    TEST_CASE("a task that is cancelled between two waits ends at the second, and has not failed")
    {
        Fixture f;
        f.run(f.be_cancelled_between_waits());
        CHECK(f.failures == 0);
        CHECK(f.tasks.size() == 0);
    }

    TEST_CASE("nor has one that runs two side by side")
    {
        using namespace asio::experimental::awaitable_operators;
        Fixture f;
        const auto side_by_side = [](Fixture& self) -> asio::awaitable<void> {
            co_await (self.be_cancelled_between_waits() || self.be_cancelled_between_waits());
        };
        f.run(side_by_side(f));
        CHECK(f.failures == 0);
        CHECK(f.tasks.size() == 0);
    }
}
