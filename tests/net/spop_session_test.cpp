#include "net/spop_session.hpp"

#include "agent/snapshot.hpp"
#include "bytes_literal.hpp"
#include "net/task_group.hpp"
#include "net/timeout.hpp"
#include "spop/frame_header.hpp"
#include "spop/kv_list.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>

#include <functional>
#include <memory>

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace spoa;
using namespace std::chrono_literals;
using spoa::test::bytes;

namespace {

Bytes hello_frame(bool healthcheck = false)
{
    Bytes frame;
    const auto start = spop::begin_frame(frame, {.type = spop::FrameType::haproxy_hello});
    spop::put_key_value(frame, "supported-versions", std::string_view("2.0"));
    spop::put_key_value(frame, "max-frame-size", std::uint32_t{16'380});
    spop::put_key_value(frame, "capabilities", std::string_view("pipelining"));
    if (healthcheck)
        spop::put_key_value(frame, "healthcheck", true);
    spop::end_frame(frame, start);
    return frame;
}

Bytes notify_frame(std::uint64_t stream_id)
{
    Bytes frame;
    const auto start = spop::begin_frame(
        frame, {.type = spop::FrameType::notify, .stream_id = stream_id, .frame_id = 1});
    spop::put_string(frame, "sentinel-verdict");
    frame.push_back(std::byte{0});
    spop::end_frame(frame, start);
    return frame;
}

// A session over a loopback socket pair, and HAProxy's end of it.
struct Fixture {
    asio::io_context context{1};
    tcp::socket client{context};
    agent::Desk desk{
        agent::make_snapshot(std::make_shared<agent::NameIndex>(std::vector<std::string>{"m"})),
        agent::Tally(1),
        false};
    net::SnapshotClock clock{std::chrono::steady_clock::now(), 1h};
    net::Deadlines deadlines{context.get_executor()};
    net::TaskGroup tasks{
        context.get_executor(), [](std::exception_ptr e) { std::rethrow_exception(e); }};
    net::TaskGroup housekeeping{
        context.get_executor(), [](std::exception_ptr e) { std::rethrow_exception(e); }};

    explicit Fixture(net::SessionLimits limits = {})
    {
        tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
        client.connect(acceptor.local_endpoint());
        housekeeping.spawn(deadlines.run());
        tasks.spawn(net::run_spop_session(acceptor.accept(), desk, clock, deadlines, limits));
    }
    ~Fixture()
    {
        tasks.cancel();
        housekeeping.cancel();
        ended();
    }

    // Runs until the session has ended, or five seconds.
    bool ended()
    {
        const auto limit = std::chrono::steady_clock::now() + 5s;
        while (tasks.size() > 0 && std::chrono::steady_clock::now() < limit)
            context.run_one_for(10ms);
        return tasks.size() == 0;
    }

    void send(const Bytes& data) { asio::write(client, asio::buffer(data)); }

    // The type and stream of the next frame from the agent.
    spop::FrameHeader receive()
    {
        std::array<std::byte, 4> prefix{};
        bool done = false;
        Bytes frame;
        asio::async_read(client, asio::buffer(prefix), [&](error_code error, std::size_t) {
            REQUIRE_FALSE(error);
            std::size_t length = 0;
            for (const auto b : prefix)
                length = length << 8 | std::to_integer<std::size_t>(b);
            frame.resize(length);
            asio::async_read(client, asio::buffer(frame), [&](error_code e, std::size_t) {
                REQUIRE_FALSE(e);
                done = true;
            });
        });
        while (!done && context.run_one_for(5s) > 0) {
        }
        REQUIRE(done);
        ByteView view(frame);
        return spop::take_frame_header(view).value();
    }

    std::uint64_t errors(agent::SpopError kind) const
    {
        return desk.tally.errors[static_cast<std::size_t>(kind)].read();
    }
};

}  // namespace

TEST_SUITE("net/spop_session")
{
    TEST_CASE("a greeting and two pipelined questions in one write get three answers in order")
    {
        Fixture f;
        Bytes all = hello_frame();
        append(all, notify_frame(7));
        append(all, notify_frame(8));
        f.send(all);
        CHECK(f.receive().type == spop::FrameType::agent_hello);
        CHECK(f.receive() == spop::FrameHeader{spop::FrameType::ack, spop::flag_fin, 7, 1});
        CHECK(f.receive() == spop::FrameHeader{spop::FrameType::ack, spop::flag_fin, 8, 1});
        CHECK(f.desk.tally.connections() == 1);
        f.client.close();
        CHECK(f.ended());
        CHECK(f.desk.tally.connections() == 0);
    }

    TEST_CASE("a reset by the peer is no error")
    {
        Fixture f;
        f.send(hello_frame());
        f.receive();
        f.client.set_option(asio::socket_base::linger(true, 0));
        f.client.close();
        CHECK(f.ended());
        CHECK(f.errors(agent::SpopError::io) == 0);
    }

    TEST_CASE("a frame that arrives byte by byte is answered")
    {
        Fixture f;
        for (const auto b : hello_frame()) {
            f.send({b});
            f.context.poll();
        }
        CHECK(f.receive().type == spop::FrameType::agent_hello);
    }

    TEST_CASE("a health check is greeted, and the connection closed")
    {
        Fixture f;
        f.send(hello_frame(true));
        CHECK(f.receive().type == spop::FrameType::agent_hello);
        CHECK(f.ended());
    }

    TEST_CASE("a peer that never greets is dropped after the hello limit, and counted")
    {
        net::SessionLimits limits;
        limits.hello = 20ms;
        Fixture f(limits);
        CHECK(f.ended());
        CHECK(f.errors(agent::SpopError::hello_timeout) == 1);
    }

    TEST_CASE("half a frame and silence ends after the frame limit, a byte now and then does too")
    {
        net::SessionLimits limits;
        limits.frame = 20ms;
        Fixture f(limits);
        f.send(hello_frame());
        f.receive();
        f.send(bytes({0, 0, 0x3f}));
        asio::steady_timer drip(f.context);
        std::function<void(error_code)> drop = [&](error_code) {
            error_code ignored;
            f.client.write_some(asio::buffer("\0", 1), ignored);
            drip.expires_after(100ms);
            drip.async_wait(drop);
        };
        drip.expires_after(100ms);
        drip.async_wait([&](error_code e) { drop(e); });
        CHECK(f.ended());
        CHECK(f.errors(agent::SpopError::frame_timeout) == 1);
    }

    TEST_CASE("a greeted peer may be silent for ever")
    {
        net::SessionLimits limits;
        limits.hello = limits.frame = limits.write = 10ms;
        Fixture f(limits);
        f.send(hello_frame());
        f.receive();
        f.context.run_for(600ms);  // more than two looks at the deadlines
        CHECK(f.tasks.size() == 1);
    }

    TEST_CASE("a peer that never reads is dropped after the write limit")
    {
        net::SessionLimits limits;
        limits.write = 20ms;
        Fixture f(limits);
        f.send(hello_frame());
        f.client.non_blocking(true);
        Bytes many;
        for (int i = 0; i < 500; ++i)
            append(many, notify_frame(1));
        std::size_t sent = 0;
        asio::steady_timer pump(f.context);
        std::function<void(error_code)> push = [&](error_code) {
            error_code error;
            while (!error)
                sent += f.client.write_some(asio::buffer(many) + sent % many.size(), error);
            pump.expires_after(1ms);
            if (f.tasks.size() > 0)
                pump.async_wait([&](error_code e) { push(e); });
        };
        push({});
        CHECK(f.ended());
        CHECK(f.errors(agent::SpopError::write_timeout) == 1);
    }

    TEST_CASE("an HTTP request, noise and a length of 4 GiB are closed without a word, and counted")
    {
        const std::vector<Bytes> noises{
            Bytes(
                as_bytes("GET / HTTP/1.1\r\n\r\n").begin(),
                as_bytes("GET / HTTP/1.1\r\n\r\n").end()),
            bytes({0xff, 0xff, 0xff, 0xff}),
            bytes({0x16, 0x03, 0x01, 0x02, 0x00, 0x01}),
            bytes({0, 0, 0, 0}),
            bytes({0, 0, 0, 3, 1, 2, 3}),
        };
        for (const auto& noise : noises) {
            Fixture f;
            f.send(noise);
            REQUIRE(f.ended());
            std::array<char, 16> rest{};
            error_code error;
            CHECK(f.client.read_some(asio::buffer(rest), error) == 0);
            CHECK(
                f.errors(agent::SpopError::frame_too_big) + f.errors(agent::SpopError::bad_frame) +
                    f.errors(agent::SpopError::unexpected_frame) ==
                1);
        }
    }

    TEST_CASE("a connection that goes idle after a burst stays usable, and can still be stopped")
    {
        Fixture f;
        f.send(hello_frame());
        f.receive();
        Bytes burst;
        for (std::uint64_t stream = 0; stream < 200; ++stream)
            append(burst, notify_frame(stream));
        f.send(burst);
        for (std::uint64_t stream = 0; stream < 200; ++stream)
            CHECK(f.receive().stream_id == stream);
        f.context.run_for(1500ms);  // long enough to give the large buffers back
        REQUIRE(f.tasks.size() == 1);
        f.send(notify_frame(7));
        CHECK(f.receive().stream_id == 7);
        asio::post(f.context, [&] { f.tasks.cancel(); });
        CHECK(f.receive().type == spop::FrameType::agent_disconnect);
        CHECK(f.ended());
    }

    TEST_CASE("stopping says goodbye to HAProxy")
    {
        Fixture f;
        f.send(hello_frame());
        f.receive();
        asio::post(f.context, [&] { f.tasks.cancel(); });
        CHECK(f.receive().type == spop::FrameType::agent_disconnect);
        CHECK(f.ended());
    }
}
