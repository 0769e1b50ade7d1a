#include "net/runtime_api_link.hpp"

#include "net/task_group.hpp"
#include "net/timeout.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>

#include <unistd.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

using namespace spoa;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;

namespace {

void rethrow(const std::exception_ptr& failure)
{
    std::rethrow_exception(failure);
}

// Answers each line with `reply` and hangs up, as a runtime API does.
class Peer {
public:
    explicit Peer(asio::io_context& context)
        : acceptor_(context, {asio::ip::address_v4::loopback(), 0}),
          tasks_(context.get_executor(), rethrow)
    {
        tasks_.spawn(accept());
    }

    SocketAddress address() const { return {{"127.0.0.1", acceptor_.local_endpoint().port()}, {}}; }
    void close() { acceptor_.close(); }

    std::string reply = "good\n";
    bool hang_up = true;
    std::vector<std::string> lines;

private:
    asio::awaitable<void> accept()
    {
        for (;;) {
            auto [error, socket] = co_await acceptor_.async_accept(net::as_result);
            if (error)
                co_return;
            tasks_.spawn(answer(std::move(socket)));
        }
    }

    asio::awaitable<void> answer(tcp::socket socket)
    {
        std::string line;
        const auto [error, size] = co_await asio::async_read_until(
            socket, asio::dynamic_buffer(line), '\n', net::as_result);
        if (error)
            co_return;
        lines.push_back(line);
        co_await asio::async_write(socket, asio::buffer(reply), net::as_result);
        if (!hang_up)
            open_.push_back(std::move(socket));
    }

    tcp::acceptor acceptor_;
    net::TaskGroup tasks_;
    std::vector<tcp::socket> open_;
};

struct User final : net::RuntimeApiUser {
    Clock::time_point due() override { return next; }
    std::string commands() override
    {
        next = Clock::time_point::max();
        return "turn " + std::to_string(++turns) + "\n";
    }
    bool on_reply(const std::string& reply) override
    {
        replies.push_back(reply);
        return true;
    }
    void on_failure(const std::string& reason) override
    {
        failures.push_back(reason);
        next = Clock::now();
    }

    Clock::time_point next = Clock::now();
    int turns = 0;
    std::vector<std::string> replies;
    std::vector<std::string> failures;
};

struct Bench {
    asio::io_context context;
    Peer peer{context};
    User user;
    net::RuntimeApiLink link;
    net::TaskGroup tasks{context.get_executor(), rethrow};

    explicit Bench(
        std::optional<SocketAddress> address = {},
        net::HaproxySocket kind = net::HaproxySocket::runtime_api)
        : link(context.get_executor(), address.value_or(peer.address()), user, kind)
    {
        tasks.spawn(link.run());
    }
    ~Bench()
    {
        tasks.cancel();
        peer.close();
        context.run_for(1s);
    }
    bool run_until(const std::function<bool()>& done)
    {
        const auto deadline = Clock::now() + 5s;
        while (!done() && Clock::now() < deadline)
            context.run_one_for(100ms);
        return done();
    }
};

}  // namespace

TEST_SUITE("net/runtime_api_link")
{
    TEST_CASE("a turn is a line and what HAProxy says until it hangs up")
    {
        Bench bench;
        bench.peer.reply = "first\n\nsecond\n\n";
        REQUIRE(bench.run_until([&] { return !bench.user.replies.empty(); }));
        CHECK(bench.peer.lines.front() == "turn 1\n");
        CHECK(bench.user.replies.front() == "first\n\nsecond\n\n");
    }

    TEST_CASE("it sleeps until it is woken")
    {
        Bench bench;
        REQUIRE(bench.run_until([&] { return bench.user.replies.size() == 1; }));
        CHECK(bench.user.turns == 1);
        bench.link.wake();
        REQUIRE(bench.run_until([&] { return bench.user.replies.size() == 2; }));
        CHECK(bench.peer.lines.back() == "turn 2\n");
    }

    TEST_CASE("where nobody listens, it says what to do and tries again")
    {
        Bench bench(SocketAddress{{}, "/nowhere/admin.sock"});
        REQUIRE(bench.run_until([&] { return bench.user.failures.size() == 2; }));
        CHECK(bench.user.failures.front() == bench.user.failures.back());
        CHECK(
            bench.user.failures.front().find("stats socket /nowhere/admin.sock level admin") !=
            std::string::npos);
    }

    TEST_CASE("a master CLI that is missing is no matter of haproxy.cfg")
    {
        Bench bench(SocketAddress{{}, "/nowhere/master.sock"}, net::HaproxySocket::master_cli);
        REQUIRE(bench.run_until([&] { return !bench.user.failures.empty(); }));
        CHECK(bench.user.failures.front().find("`-S /nowhere/master.sock`") != std::string::npos);
        CHECK(bench.user.failures.front().find("stats socket") == std::string::npos);
    }

    TEST_CASE("a socket that it may not use is told with the remedy")
    {
        const auto path = std::filesystem::temp_directory_path() /
                          ("sentinel-spoa-test-" + std::to_string(::getpid()) + ".sock");
        asio::io_context of_haproxy;
        asio::local::stream_protocol::acceptor acceptor(of_haproxy, path.string());
        std::filesystem::permissions(path, std::filesystem::perms::none);
        const auto user = ::geteuid();
        if (user == 0)
            REQUIRE(::seteuid(65534) == 0);  // root may use it
        {
            Bench bench(SocketAddress{{}, path.string()});
            CHECK(bench.run_until([&] { return !bench.user.failures.empty(); }));
            CHECK(bench.user.failures.front().find("permission denied") == 0);
        }
        if (user == 0)
            REQUIRE(::seteuid(user) == 0);
        std::filesystem::remove(path);
    }

    TEST_CASE("an answer without an end is given up")
    {
        Bench bench;
        bench.peer.hang_up = false;
        REQUIRE(bench.run_until([&] { return !bench.user.failures.empty(); }));
        CHECK(bench.user.failures.front().find("no complete answer") != std::string::npos);
    }

    TEST_CASE("an answer that is too long is not read")
    {
        Bench bench;
        bench.peer.reply.assign((16 << 20) + 1, 'x');
        REQUIRE(bench.run_until([&] { return !bench.user.failures.empty(); }));
        CHECK(bench.user.failures.front().find("longer than 16 MiB") != std::string::npos);
    }
}
