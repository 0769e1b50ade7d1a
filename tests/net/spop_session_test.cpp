#include "net/spop_session.hpp"

#include "agent/late_answers.hpp"
#include "agent/snapshot.hpp"
#include "bytes_literal.hpp"
#include "net/task_group.hpp"
#include "net/timeout.hpp"
#include "net/wait_keeper.hpp"
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

spop::FrameHeader ack_of(std::uint64_t stream_id)
{
    return {spop::FrameType::ack, spop::flag_fin, stream_id, 1};
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
    net::ReadySockets ready{context.get_executor()};
    net::Deadlines deadlines{context.get_executor()};
    net::Heir heir;
    net::WaitKeeper waits{context.get_executor(), desk, clock};
    net::TaskGroup tasks{
        context.get_executor(), [](std::exception_ptr e) { std::rethrow_exception(e); }};
    net::TaskGroup housekeeping{
        context.get_executor(), [](std::exception_ptr e) { std::rethrow_exception(e); }};

    explicit Fixture(net::SessionLimits limits = {})
    {
        tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
        client.connect(acceptor.local_endpoint());
        housekeeping.spawn(ready.run());
        housekeeping.spawn(deadlines.run());
        housekeeping.spawn(waits.run());
        tasks.spawn(net::run_spop_session(
            Descriptor(acceptor.accept().release()), ready, desk, clock, deadlines, limits, heir));
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

    void judge(verdict::State state, bool open, std::chrono::milliseconds wait = 1h)
    {
        verdict::Verdict verdict;
        verdict.state = state;
        verdict.open = open;
        const std::vector<agent::Update> updates{{0, &verdict, wait, {}}};
        desk.snapshot = agent::with_updates(*desk.snapshot, updates);
        waits.look_now();
    }

    // Greets, and asks these questions, until they wait.
    void wait_for_verdict(const std::vector<std::uint64_t>& streams)
    {
        send(hello_frame());
        CHECK(receive().type == spop::FrameType::agent_hello);
        for (const auto stream : streams)
            send(notify_frame(stream));
        const auto limit = std::chrono::steady_clock::now() + 5s;
        while (desk.waiting.size() < streams.size() && std::chrono::steady_clock::now() < limit)
            context.run_one_for(10ms);
        REQUIRE(desk.waiting.size() == streams.size());
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

    TEST_CASE("questions that waited are answered late, and the session goes on")
    {
        Fixture f;
        f.judge(verdict::State::odown, false);
        f.wait_for_verdict({7, 8});
        f.judge(verdict::State::ok, true);
        CHECK(f.receive() == ack_of(7));
        CHECK(f.receive() == ack_of(8));
        f.send(notify_frame(9));
        CHECK(f.receive() == ack_of(9));
        CHECK(f.desk.waiting.empty());
    }

    TEST_CASE("the end of its time ends a wait by itself")
    {
        Fixture f;
        f.judge(verdict::State::odown, false, 20ms);
        f.wait_for_verdict({7});
        CHECK(f.receive() == ack_of(7));
    }

    TEST_CASE("a late reply between the halves of a frame loses nothing of it")
    {
        Fixture f;
        f.judge(verdict::State::odown, false);
        f.wait_for_verdict({7});
        const auto next = notify_frame(8);
        const auto half = static_cast<std::ptrdiff_t>(next.size() / 2);
        f.send({next.begin(), next.begin() + half});
        f.context.run_for(10ms);
        f.judge(verdict::State::ok, true);
        CHECK(f.receive() == ack_of(7));
        f.send({next.begin() + half, next.end()});
        CHECK(f.receive() == ack_of(8));
    }

    TEST_CASE("more late replies than a chunk all arrive")
    {
        Fixture f;
        f.judge(verdict::State::odown, false);
        std::vector<std::uint64_t> streams;
        for (std::uint64_t stream = 1; stream <= 200; ++stream)
            streams.push_back(stream);
        f.wait_for_verdict(streams);
        f.judge(verdict::State::ok, true);
        for (const auto stream : streams)
            REQUIRE(f.receive() == ack_of(stream));
    }

    TEST_CASE("a peer that leaves takes its waits along")
    {
        Fixture f;
        f.judge(verdict::State::odown, false);
        f.wait_for_verdict({7, 8});
        f.client.close();
        CHECK(f.ended());
        CHECK(f.desk.waiting.empty());
        CHECK(f.desk.tally.waits[0].open() == 0);
    }

    TEST_CASE("stopping answers those who wait, and then says goodbye")
    {
        Fixture f;
        f.judge(verdict::State::odown, false);
        f.wait_for_verdict({7, 8});
        asio::post(f.context, [&] {
            agent::answer_all(f.desk);
            f.tasks.cancel();
        });
        CHECK(f.receive() == ack_of(7));
        CHECK(f.receive() == ack_of(8));
        CHECK(f.receive().type == spop::FrameType::agent_disconnect);
        CHECK(f.ended());
    }

    TEST_CASE("stopping with a question on its way is no defect")
    {
        Fixture f;
        f.send(hello_frame());
        f.receive();
        f.send(notify_frame(7));
        f.context.poll_one();  // it is read by now, or will be
        f.tasks.cancel();
        CHECK(f.ended());  // an exception would have come through
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
