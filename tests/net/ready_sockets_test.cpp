#include "net/ready_sockets.hpp"

#include "net/task_group.hpp"
#include "net/timeout.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <list>
#include <optional>
#include <string>
#include <vector>

namespace asio = boost::asio;
using asio::local::stream_protocol;
using namespace spoa;
using namespace std::chrono_literals;
using net::ReadySocket;

namespace {

struct Fixture {
    asio::io_context context{1};
    net::ReadySockets ready{context.get_executor()};
    stream_protocol::socket peer{context};
    std::optional<ReadySocket> socket;
    net::TaskGroup tasks{
        context.get_executor(), [](std::exception_ptr e) { std::rethrow_exception(e); }};
    net::TaskGroup housekeeping{
        context.get_executor(), [](std::exception_ptr e) { std::rethrow_exception(e); }};
    std::optional<error_code> ended;  // how the last wait ended

    Fixture()
    {
        socket.emplace(ready, other_end_of(peer));
        housekeeping.spawn(ready.run());
        context.poll();
    }
    ~Fixture()
    {
        tasks.cancel();
        housekeeping.cancel();
        context.poll();
    }

    Descriptor other_end_of(stream_protocol::socket& one)
    {
        stream_protocol::socket other(context);
        asio::local::connect_pair(one, other);
        return Descriptor(other.release());
    }

    void wait(ReadySocket::Wait what)
    {
        ended.reset();
        tasks.spawn(waiting(what));
        context.poll();
    }
    asio::awaitable<void> waiting(ReadySocket::Wait what)
    {
        co_await asio::this_coro::throw_if_cancelled(false);
        const auto [error] = co_await socket->async_wait(what, net::as_result);
        ended = error;
    }

    std::optional<error_code> end_of_wait()
    {
        const auto limit = std::chrono::steady_clock::now() + 5s;
        while (!ended && std::chrono::steady_clock::now() < limit)
            context.run_one_for(10ms);
        return ended;
    }

    std::string read()
    {
        std::array<std::byte, 64> space{};
        const auto size = socket->read_some(space).value();
        return {reinterpret_cast<const char*>(space.data()), size};
    }
};

constexpr auto done = error_code();

}  // namespace

TEST_SUITE("net/ready_sockets")
{
    TEST_CASE("a wait ends when something comes, and no sooner")
    {
        Fixture f;
        f.wait(ReadySocket::Wait::read);
        CHECK(f.read().empty());
        f.context.run_for(20ms);
        CHECK_FALSE(f.ended);
        asio::write(f.peer, asio::buffer("one", 3));
        CHECK(f.end_of_wait() == done);
        CHECK(f.read() == "one");
        f.wait(ReadySocket::Wait::read);
        CHECK_FALSE(f.ended);
        asio::write(f.peer, asio::buffer("two", 3));
        CHECK(f.end_of_wait() == done);
        CHECK(f.read() == "two");
    }

    TEST_CASE("what came while nobody waited ends the next wait")
    {
        Fixture f;
        asio::write(f.peer, asio::buffer("early", 5));
        f.context.poll();
        f.wait(ReadySocket::Wait::read);
        CHECK(f.end_of_wait() == done);
        CHECK(f.read() == "early");
    }

    TEST_CASE("a peer that leaves ends the wait, and reading says so")
    {
        Fixture f;
        f.wait(ReadySocket::Wait::read);
        f.peer.close();
        CHECK(f.end_of_wait() == done);
        std::array<std::byte, 8> space{};
        CHECK(f.socket->read_some(space).error() == asio::error::eof);
        CHECK(f.socket->write_some(space).error() == asio::error::broken_pipe);
    }

    TEST_CASE("a wait for room ends when the peer reads")
    {
        Fixture f;
        const std::vector<std::byte> much(65'536);
        std::size_t written = 0;
        for (;;) {
            const auto size = f.socket->write_some(much).value();
            if (size == 0)
                break;
            written += size;
        }
        f.wait(ReadySocket::Wait::write);
        f.context.run_for(20ms);
        CHECK_FALSE(f.ended);
        std::vector<std::byte> all(written);
        asio::read(f.peer, asio::buffer(all));
        CHECK(f.end_of_wait() == done);
        CHECK(f.socket->write_some(much).value() > 0);
        f.wait(ReadySocket::Wait::read);  // and it is not taken for one to read
        f.context.run_for(20ms);
        CHECK_FALSE(f.ended);
    }

    TEST_CASE("a cancelled wait ends, and the next one waits anew")
    {
        Fixture f;
        f.wait(ReadySocket::Wait::read);
        f.socket->cancel();
        CHECK_FALSE(f.ended);  // soon, not within cancel()
        f.socket->cancel();
        CHECK(f.end_of_wait() == error_code(asio::error::operation_aborted));
        f.socket->cancel();  // nobody waits
        f.wait(ReadySocket::Wait::read);
        f.context.run_for(20ms);
        CHECK_FALSE(f.ended);
        f.tasks.cancel();
        CHECK(f.end_of_wait() == error_code(asio::error::operation_aborted));
    }

    TEST_CASE("a cancellation and bytes in the same moment end a wait once")
    {
        Fixture f;
        f.wait(ReadySocket::Wait::read);
        asio::write(f.peer, asio::buffer("late", 4));
        f.socket->cancel();
        CHECK(f.end_of_wait() == error_code(asio::error::operation_aborted));
        f.context.run_for(20ms);
        f.wait(ReadySocket::Wait::read);
        CHECK(f.end_of_wait() == done);
        CHECK(f.read() == "late");
    }

    TEST_CASE("more sockets than one look finds are all served")
    {
        Fixture f;
        std::list<stream_protocol::socket> peers;
        std::list<ReadySocket> sockets;
        std::size_t served = 0;
        const auto serve = [&](ReadySocket& one) -> asio::awaitable<void> {
            const auto [error] = co_await one.async_wait(ReadySocket::Wait::read, net::as_result);
            std::array<std::byte, 8> space{};
            served += !error && one.read_some(space).value() == 1 ? 1 : 0;
        };
        constexpr std::size_t many = 300;
        for (std::size_t i = 0; i < many; ++i) {
            peers.emplace_back(f.context);
            f.tasks.spawn(serve(sockets.emplace_back(f.ready, f.other_end_of(peers.back()))));
        }
        f.context.poll();
        for (auto& peer : peers)
            asio::write(peer, asio::buffer("x", 1));
        const auto limit = std::chrono::steady_clock::now() + 5s;
        while (f.tasks.size() > 0 && std::chrono::steady_clock::now() < limit)
            f.context.run_one_for(10ms);
        CHECK(served == many);
    }
}
