#include "net/listener.hpp"

#include "net/task_group.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <doctest/doctest.h>

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <utility>

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace spoa;
using namespace std::chrono_literals;

namespace {

// A folder of its own for each test.
struct Folder {
    std::string path = (fs::temp_directory_path() / "spoa-listener-XXXXXX").string();
    Folder() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
    ~Folder() { fs::remove_all(path); }
};

// Listens, accepts one connection that `connect` makes, and counts what was taken.
template <class Connect>
int taken(asio::io_context& context, net::Listener& listener, Connect connect)
{
    int count = 0;
    net::TaskGroup tasks(
        context.get_executor(), [](std::exception_ptr e) { std::rethrow_exception(e); });
    tasks.spawn(listener.run(
        [&] {
            return [&](Descriptor) {
                ++count;
                context.stop();
            };
        },
        [](const error_code& error) { FAIL(error.message()); }));
    connect();
    context.run_for(5s);
    tasks.cancel();
    context.restart();
    context.run_for(5s);
    CHECK(tasks.size() == 0);
    return count;
}

}  // namespace

TEST_SUITE("net/listener")
{
    TEST_CASE("a UNIX socket accepts, has mode 0660, and is gone afterwards")
    {
        const Folder folder;
        const auto path = folder.path + "/agent.sock";
        asio::io_context context{1};
        {
            net::Listener listener(context, {{}, path});
            struct stat status {};
            REQUIRE(::stat(path.c_str(), &status) == 0);
            CHECK((status.st_mode & 0777) == 0660);
            asio::local::stream_protocol::socket client(context);
            CHECK(taken(context, listener, [&] { client.connect(path); }) == 1);
        }
        CHECK_FALSE(fs::exists(path));
    }

    TEST_CASE("the socket that a dead process left is replaced, a living one is not")
    {
        const Folder folder;
        const auto path = folder.path + "/agent.sock";
        asio::io_context context{1};
        {
            asio::local::stream_protocol::acceptor left(context, path);  // its file stays behind
        }
        REQUIRE(fs::exists(path));
        const net::Listener living(context, {{}, path});
        CHECK_THROWS_WITH(
            net::Listener(context, {{}, path}),
            doctest::Contains(("cannot listen on unix:" + path).c_str()));
        CHECK(fs::exists(path));
    }

    TEST_CASE(
        "out of descriptors, a connection waits without a storm of attempts, and is taken then")
    {
        const Folder folder;
        const auto path = folder.path + "/agent.sock";
        asio::io_context context{1};
        net::Listener listener(context, {{}, path});
        asio::local::stream_protocol::socket client(context);
        client.connect(path);

        rlimit before{};
        REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
        const auto next_descriptor = ::dup(0);
        ::close(next_descriptor);
        const rlimit none_left{static_cast<rlim_t>(next_descriptor), before.rlim_max};
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &none_left) == 0);

        int failures = 0;
        int count = 0;
        net::TaskGroup tasks(
            context.get_executor(), [](std::exception_ptr e) { std::rethrow_exception(e); });
        tasks.spawn(listener.run(
            [&] { return [&](Descriptor) { ++count; }; },
            [&](const error_code& error) {
                ++failures;
                CHECK(error == asio::error::no_descriptors);
            }));
        context.run_for(100ms);
        CHECK(failures >= 1);
        CHECK(failures <= 20);
        CHECK(count == 0);

        REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
        for (int i = 0; i < 500 && count == 0; ++i)
            context.run_one_for(10ms);
        CHECK(count == 1);
        tasks.cancel();
        context.run_for(5s);
        CHECK(tasks.size() == 0);
    }

    TEST_CASE("what is accepted does not block, is not inherited, and TCP is not delayed")
    {
        asio::io_context context{1};
        std::uint16_t port = 0;
        {
            const asio::ip::tcp::acceptor any(context, {asio::ip::address_v4::loopback(), 0});
            port = any.local_endpoint().port();
        }
        net::Listener listener(context, {{"127.0.0.1", port}, {}});
        asio::ip::tcp::socket client(context);
        client.connect({asio::ip::address_v4::loopback(), port});
        Descriptor accepted;
        net::TaskGroup tasks(
            context.get_executor(), [](std::exception_ptr e) { std::rethrow_exception(e); });
        tasks.spawn(listener.run(
            [&] { return [&](Descriptor connection) { accepted = std::move(connection); }; },
            [](const error_code& error) { FAIL(error.message()); }));
        while (!accepted.is_open() && context.run_one_for(5s) > 0) {
        }
        REQUIRE(accepted.is_open());
        CHECK((::fcntl(accepted.get(), F_GETFL) & O_NONBLOCK) != 0);
        CHECK((::fcntl(accepted.get(), F_GETFD) & FD_CLOEXEC) != 0);
        const auto option = [&](int level, int name) {
            int value = 0;
            socklen_t size = sizeof value;
            CHECK(::getsockopt(accepted.get(), level, name, &value, &size) == 0);
            return value;
        };
        CHECK(option(IPPROTO_TCP, TCP_NODELAY) != 0);
        CHECK(option(SOL_SOCKET, SO_KEEPALIVE) != 0);
        tasks.cancel();
        context.run_for(5s);
    }

    TEST_CASE("a file that is no socket is never removed")
    {
        const Folder folder;
        const auto path = folder.path + "/precious";
        ::close(::open(path.c_str(), O_CREAT | O_WRONLY, 0600));
        asio::io_context context{1};
        CHECK_THROWS(net::Listener(context, {{}, path}));
        CHECK(fs::exists(path));
    }

    TEST_CASE("a port in use is one sentence with the address and a remedy")
    {
        asio::io_context context{1};
        const asio::ip::tcp::acceptor other(context, {asio::ip::address_v4::loopback(), 0});
        const auto port = other.local_endpoint().port();
        CHECK_THROWS_WITH(
            net::Listener(context, {{"127.0.0.1", port}, {}}),
            doctest::Contains(
                ("cannot listen on 127.0.0.1:" + std::to_string(port) + ": Address already in use;")
                    .c_str()));
    }
}
