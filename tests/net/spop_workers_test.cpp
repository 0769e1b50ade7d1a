#include "net/spop_workers.hpp"

#include "agent/snapshot.hpp"
#include "net/task_group.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <doctest/doctest.h>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <future>
#include <list>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using namespace spoa;
using namespace std::chrono_literals;

namespace {

std::uint16_t free_port()
{
    asio::io_context context;
    const asio::ip::tcp::acceptor probe(context, {asio::ip::address_v4::loopback(), 0});
    return probe.local_endpoint().port();
}

// Workers behind a TCP and a UNIX socket, and peers that connect and say nothing.
struct Fixture {
    asio::io_context context{1};
    std::string path =
        std::filesystem::temp_directory_path() / ("spoa-workers-" + std::to_string(::getpid()));
    std::uint16_t port = free_port();
    net::Listener tcp{context, {{"127.0.0.1", port}, {}}};
    net::Listener local{context, {{}, path}};
    net::SpopWorkers workers;
    net::TaskGroup tasks{
        context.get_executor(), [](std::exception_ptr e) { std::rethrow_exception(e); }};
    std::list<asio::generic::stream_protocol::socket> peers;

    explicit Fixture(unsigned threads, net::ConnectionLimits limits = {1000, 100})
        : workers(
              threads,
              agent::make_snapshot(
                  std::make_shared<agent::NameIndex>(std::vector<std::string>{"m"})),
              1h, {.hello = 1h}, limits, [](const std::string& what) { FAIL(what); })
    {
        for (auto* const listener : {&tcp, &local})
            tasks.spawn(listener->run(
                [this] { return workers.next(); },
                [](const error_code& error) { FAIL(error.message()); }));
    }
    ~Fixture()
    {
        peers.clear();
        tasks.cancel();
        await([this] { return tasks.size() == 0; });
    }

    bool await(const std::function<bool()>& condition)
    {
        const auto limit = std::chrono::steady_clock::now() + 5s;
        while (!condition() && std::chrono::steady_clock::now() < limit)
            context.run_one_for(5ms);
        return condition();
    }

    void connect_tcp()
    {
        peers.emplace_back(context).connect(
            asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), port));
    }
    void connect_unix()
    {
        peers.emplace_back(context).connect(asio::local::stream_protocol::endpoint(path));
    }
    bool await_open(std::size_t count)
    {
        return await([&] { return sum(opened()) - sum(closed()) == count; });
    }

    bool await_turn()
    {
        bool turned = false;  // it is told once
        return await([&] { return turned = turned || workers.all_turned(); });
    }

    using Counts = std::vector<std::uint64_t>;
    static std::uint64_t sum(const Counts& counts)
    {
        return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
    }
    Counts opened() const { return read(&agent::Tally::connections_opened); }
    Counts closed() const { return read(&agent::Tally::connections_closed); }
    // By worker, the smallest first: the workers have no fixed order.
    Counts read(agent::Count agent::Tally::*counter) const
    {
        Counts out;
        for (const auto* const tally : workers.tallies())
            out.push_back((tally->*counter).read());
        std::ranges::sort(out);
        return out;
    }
    Counts open() const
    {
        Counts out;
        for (const auto* const tally : workers.tallies())
            out.push_back(tally->connections());
        std::ranges::sort(out);
        return out;
    }
};

}  // namespace

TEST_SUITE("net/spop_workers")
{
    TEST_CASE("connections by TCP and by UNIX socket go to all workers evenly, in a burst too")
    {
        Fixture f(3);
        for (int i = 0; i < 30; ++i) {
            f.connect_tcp();
            f.connect_unix();
            f.connect_unix();
        }
        REQUIRE(f.await_open(90));
        CHECK(f.open() == Fixture::Counts{30, 30, 30});
    }

    TEST_CASE("peers that come one at a time and leave again are taken in turn")
    {
        Fixture f(3);
        for (std::uint64_t i = 1; i <= 9; ++i) {
            i % 2 == 0 ? f.connect_tcp() : f.connect_unix();
            REQUIRE(f.await([&] { return Fixture::sum(f.opened()) == i; }));
            f.peers.clear();
            REQUIRE(f.await([&] { return Fixture::sum(f.closed()) == i; }));
        }
        CHECK(f.opened() == Fixture::Counts{3, 3, 3});
    }

    TEST_CASE("a worker whose connections have ended gets the next ones")
    {
        Fixture f(2);
        for (std::uint64_t i = 1; i <= 8; ++i) {
            f.connect_tcp();
            REQUIRE(f.await_open(i));
        }
        bool even = true;
        f.peers.remove_if([&](const auto&) { return std::exchange(even, !even); });
        REQUIRE(f.await_open(4));
        REQUIRE(f.open() == Fixture::Counts{0, 4});
        for (std::uint64_t i = 5; i <= 8; ++i) {
            f.connect_unix();
            REQUIRE(f.await_open(i));
        }
        CHECK(f.open() == Fixture::Counts{4, 4});
    }

    TEST_CASE("above the limit connections wait unaccepted, and are taken when others leave")
    {
        Fixture f(2, {.served = 3, .refused = 2});
        for (int i = 0; i < 8; ++i)
            f.connect_tcp();
        REQUIRE(f.await_open(5));
        CHECK(f.workers.is_full());
        f.context.run_for(100ms);  // ten attempts
        CHECK(Fixture::sum(f.opened()) == 5);
        f.peers.pop_front();
        f.peers.pop_front();
        CHECK(f.await([&] { return Fixture::sum(f.opened()) == 7; }));
        CHECK(f.workers.open_connections() == 5);
    }

    TEST_CASE("all have turned only when each has put a snapshot in force since the last look")
    {
        Fixture f(2);
        CHECK_FALSE(f.workers.all_turned());
        const auto snapshot =
            agent::make_snapshot(std::make_shared<agent::NameIndex>(std::vector<std::string>{"m"}));
        f.workers.publish(snapshot);
        CHECK(f.await_turn());
        CHECK_FALSE(f.workers.all_turned());

        // The worker that lets go of this one last is stuck.
        std::promise<void> stuck, release;
        f.workers.publish({snapshot.get(), [&](const agent::Snapshot*) {
                               stuck.set_value();
                               release.get_future().wait();
                           }});
        CHECK(f.await_turn());
        f.workers.publish(snapshot);
        stuck.get_future().wait();
        f.context.run_for(50ms);
        CHECK_FALSE(f.workers.all_turned());
        release.set_value();
        CHECK(f.await_turn());
    }
}
