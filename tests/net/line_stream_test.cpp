#include "net/line_stream.hpp"

#include "net/task_group.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace asio = boost::asio;
using namespace spoa;
using namespace std::chrono_literals;
using net::LineStream;

namespace {

LineStream::Line line(std::string text)
{
    return std::make_shared<const std::string>(std::move(text));
}

// A stream and one who reads all that comes.
struct Scene {
    explicit Scene(std::size_t most_waiting = 64, std::chrono::milliseconds period = 1h)
        : lines(
              context.get_executor(), {most_waiting, period, [] { return std::string("beat\n"); }})
    {}

    asio::awaitable<void> read()
    {
        for (;;) {
            auto text = co_await lines.next();
            if (text.empty())
                co_return;
            taken.push_back(std::move(text));
        }
    }

    asio::io_context context{1};
    LineStream lines;
    std::vector<std::string> taken;
    net::TaskGroup tasks{
        context.get_executor(), [](std::exception_ptr e) { std::rethrow_exception(e); }};
};

}  // namespace

TEST_SUITE("net/line_stream")
{
    TEST_CASE("what waits comes in order and at once, and a heartbeat with the first")
    {
        Scene scene;
        scene.lines.push(line("one\n"));
        scene.lines.push(line("two\n"));
        scene.tasks.spawn(scene.read());
        scene.context.run_for(10ms);
        scene.lines.push(line("three\n"));
        scene.context.restart();
        scene.context.run_for(10ms);
        CHECK(scene.taken == std::vector<std::string>{"one\ntwo\nbeat\n", "three\n"});
    }

    TEST_CASE("a heartbeat comes each period, also when nothing else does")
    {
        Scene scene(64, 5ms);
        scene.tasks.spawn(scene.read());
        scene.context.run_for(100ms);
        CHECK(scene.taken.size() >= 3);
        CHECK(scene.taken.size() <= 21);
    }

    TEST_CASE("a reader that is too far behind is dropped, and its lines with it")
    {
        Scene scene(10);
        CHECK(scene.lines.push(line("123456789\n")));
        CHECK_FALSE(scene.lines.push(line("\n")));
        CHECK(scene.lines.dropped());
        scene.tasks.spawn(scene.read());
        scene.context.run_for(1s);
        CHECK(scene.tasks.size() == 0);
        CHECK(scene.taken.empty());
    }

    TEST_CASE("what was taken makes room")
    {
        Scene scene(10);
        scene.tasks.spawn(scene.read());
        for (int i = 0; i < 5; ++i) {
            CHECK(scene.lines.push(line("123456789\n")));
            scene.context.restart();
            scene.context.run_for(5ms);
        }
        CHECK_FALSE(scene.lines.dropped());
    }

    TEST_CASE("a reader that waits ends when he is cancelled or dropped")
    {
        for (const bool cancel : {true, false}) {
            CAPTURE(cancel);
            Scene scene(10);
            scene.tasks.spawn(scene.read());
            scene.context.run_for(5ms);
            if (cancel)
                scene.tasks.cancel();
            else
                scene.lines.push(line("more than ten bytes\n"));
            scene.context.restart();
            scene.context.run_for(1s);
            CHECK(scene.tasks.size() == 0);
        }
    }
}
