#include "agent/verdicts.hpp"
#include "allocations/counted_new.hpp"
#include "allocations/on_the_wire.hpp"
#include "net/spop_worker.hpp"

#include <doctest/doctest.h>

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>

using namespace spoa;
using namespace std::chrono_literals;
using spoa::test::allocations;
using spoa::test::good_verdict;
using spoa::test::haproxy_hello;
using spoa::test::on_the_wire;
using spoa::test::question_about;
using spoa::test::questions_on_the_wire;
using spoa::test::snapshot_of;

namespace {

// A worker on its thread, and HAProxy's end of a connection to it, which allocates nothing itself.
class Connection {
public:
    Connection()
    {
        std::array<int, 2> ends{};
        REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
        socket_ = ends[0];
        const timeval limit{5, 0};
        REQUIRE(setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0);
        worker_.serve(Descriptor(ends[1]));
    }
    ~Connection() { close(socket_); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // Sends this and reads a reply of this size; whether it came.
    bool exchange(const Bytes& request, std::size_t reply)
    {
        if (::send(socket_, request.data(), request.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(request.size()))
            return false;
        return recv(socket_, in_.data(), reply, MSG_WAITALL) == static_cast<ssize_t>(reply);
    }

    // Sends this and returns how much comes back at once: the agent writes its reply in one piece.
    std::size_t reply_size(const Bytes& request)
    {
        REQUIRE(::send(socket_, request.data(), request.size(), MSG_NOSIGNAL) > 0);
        const auto size = recv(socket_, in_.data(), in_.size(), 0);
        REQUIRE(size > 0);
        return static_cast<std::size_t>(size);
    }

private:
    agent::Seats seats_{1};
    net::SpopWorker worker_{
        snapshot_of({"orders"}, {good_verdict()}), 1h, {}, seats_, 1, [](const std::string&) {}};
    int socket_ = -1;
    std::array<std::byte, 65'536> in_{};
};

}  // namespace

TEST_SUITE("allocations/worker")
{
    TEST_CASE("a question over a socket allocates nothing, alone and pipelined")
    {
        Connection connection;
        REQUIRE(connection.reply_size(on_the_wire(haproxy_hello())) > 0);
        for (const std::size_t pipelined : {1U, 16U}) {
            CAPTURE(pipelined);
            const auto request = questions_on_the_wire(question_about("orders"), pipelined);
            const auto reply = connection.reply_size(request);
            for (int i = 0; i < 100; ++i)  // until the event loop has the memory that it reuses
                REQUIRE(connection.exchange(request, reply));
            const auto before = allocations();
            bool answered = true;
            for (int i = 0; i < 2'000; ++i)
                answered = connection.exchange(request, reply) && answered;
            CHECK(allocations() - before == 0);
            CHECK(answered);
        }
    }
}
