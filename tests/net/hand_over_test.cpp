#include "net/hand_over.hpp"

#include "agent/verdicts.hpp"
#include "allocations/on_the_wire.hpp"
#include "bytes_literal.hpp"
#include "net/event_loop.hpp"
#include "net/spop_workers.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <doctest/doctest.h>

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <functional>
#include <iterator>
#include <list>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using namespace spoa;
using namespace std::chrono_literals;
using spoa::test::AgentFrame;
using spoa::test::frames_in;
using spoa::test::good_verdict;
using spoa::test::haproxy_hello;
using spoa::test::notify;
using spoa::test::on_the_wire;
using spoa::test::prefix;
using spoa::test::question_about;
using spoa::test::questions_on_the_wire;
using spoa::test::shut_verdict;
using spoa::test::snapshot_of;
using spoa::test::variables_in;

namespace {

constexpr unsigned agent_hello = 101;
constexpr unsigned agent_disconnect = 102;

// HAProxy's end of a connection.
class Haproxy {
public:
    explicit Haproxy(int socket) : socket_(socket)
    {
        const timeval limit{5, 0};
        REQUIRE(setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
    }
    Haproxy(const Haproxy&) = delete;
    Haproxy& operator=(const Haproxy&) = delete;
    ~Haproxy() { close(socket_); }

    void say(const Bytes& what) const
    {
        REQUIRE(
            send(socket_, what.data(), what.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(what.size()));
    }

    // Says as much of this as can be said without being listened to; returns how much that was.
    std::size_t say_what_fits(const Bytes& what) const
    {
        const auto size = send(socket_, what.data(), what.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        return size > 0 ? static_cast<std::size_t>(size) : 0;
    }

    // Whether everything that was said has been read.
    bool was_heard() const
    {
        int unread = -1;
        REQUIRE(ioctl(socket_, SIOCOUTQ, &unread) == 0);
        return unread == 0;
    }

    AgentFrame hear() const
    {
        Bytes in(4);
        read_all(in.data(), in.size());
        std::size_t size = 0;
        for (const auto byte : in)
            size = size << 8 | std::to_integer<std::size_t>(byte);
        in.resize(4 + size);
        read_all(in.data() + 4, size);
        return frames_in(in).at(0);
    }

    void greet() const
    {
        say(on_the_wire(haproxy_hello()));
        REQUIRE(hear().type == agent_hello);
    }

private:
    void read_all(std::byte* into, std::size_t size) const
    {
        REQUIRE(recv(socket_, into, size, MSG_WAITALL) == static_cast<ssize_t>(size));
    }
    int socket_;
};

std::string server_in(const AgentFrame& ack)
{
    return variables_in(ack.payload)["server"];
}

// Two processes, as workers with a channel between them. The old one says R1, the new one R2.
struct Fixture {
    // The giving end is closed when no worker can use it any more.
    struct Channel : net::HandOverChannel {
        Channel() : net::HandOverChannel(net::make_hand_over_channel()) {}
        Channel(const Channel&) = delete;
        Channel& operator=(const Channel&) = delete;
        ~Channel() { close(giving); }
    };

    Channel channel;
    test::EventLoop loop;
    net::SpopWorkers before = workers("R1");
    net::SpopWorkers after = workers("R2");
    std::list<Haproxy> haproxies;
    net::TakenOver taken;
    bool taking = true;

    static net::SpopWorkers workers(const std::string& server)
    {
        return {
            1,
            snapshot_of({"orders"}, {good_verdict(server)}),
            1h,
            {},
            {1000, 100},
            [](const std::string& what) { FAIL(what); }};
    }

    const Haproxy& connect()
    {
        std::array<int, 2> ends{};
        REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
        before.go_on(Descriptor(ends[1]), {});
        return haproxies.emplace_back(ends[0]);
    }

    void take_over()
    {
        loop.tasks.spawn([](Fixture& f) -> asio::awaitable<void> {
            f.taken = co_await net::take_over(
                asio::posix::stream_descriptor(f.loop.context, f.channel.taking),
                [&f](Descriptor connection, agent::HandOver state) {
                    f.after.go_on(std::move(connection), std::move(state));
                });
            f.taking = false;
        }(*this));
    }

    // The upgrade, until the old process has nobody left.
    void upgrade()
    {
        take_over();
        before.stop(net::Heir(channel.giving));
        REQUIRE(loop.await([this] { return before.open_connections() == 0; }));
        end_channel();
        REQUIRE(loop.await([this] { return !taking; }));
    }

    // As the end of the old process does.
    void end_channel() const { shutdown(channel.giving, SHUT_WR); }
};

void await(const std::function<bool()>& condition)
{
    for (const auto limit = std::chrono::steady_clock::now() + 3s;
         !condition() && std::chrono::steady_clock::now() < limit;)
        std::this_thread::yield();
    REQUIRE(condition());
}

void send_raw(int channel, const Bytes& text, const std::vector<int>& descriptors)
{
    alignas(cmsghdr) std::array<char, 256> space{};
    iovec data{const_cast<std::byte*>(text.data()), text.size()};
    msghdr header{};
    header.msg_iov = &data;
    header.msg_iovlen = 1;
    if (const auto size = descriptors.size() * sizeof(int); size > 0) {
        header.msg_control = space.data();
        header.msg_controllen = CMSG_SPACE(size);
        auto* const part = CMSG_FIRSTHDR(&header);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(size);
        std::memcpy(CMSG_DATA(part), descriptors.data(), size);
    }
    REQUIRE(sendmsg(channel, &header, MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
}

std::ptrdiff_t open_descriptors()
{
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

}  // namespace

TEST_SUITE("net/hand_over")
{
    TEST_CASE("a connection goes on in the new process, and HAProxy notices nothing")
    {
        Fixture f;
        const auto& haproxy = f.connect();
        haproxy.greet();
        haproxy.say(on_the_wire(notify(question_about("orders"), 1)));
        CHECK(server_in(haproxy.hear()) == "string R1");
        f.upgrade();
        CHECK(f.taken.connections == 1);
        for (std::uint64_t stream = 2; stream < 5; ++stream) {
            haproxy.say(on_the_wire(notify(question_about("orders"), stream)));
            const auto ack = haproxy.hear();
            CHECK(ack.stream_id == stream);
            CHECK(server_in(ack) == "string R2");
        }
        CHECK(f.after.open_connections() == 1);
    }

    TEST_CASE("a frame of which each process reads a part is answered")
    {
        const auto question = on_the_wire(notify(question_about("orders"), 7));
        for (std::size_t cut = 1; cut < question.size(); cut += 5) {
            Fixture f;
            const auto& haproxy = f.connect();
            haproxy.greet();
            haproxy.say(prefix(question, cut));
            await([&] { return haproxy.was_heard(); });
            f.upgrade();
            haproxy.say({question.begin() + static_cast<std::ptrdiff_t>(cut), question.end()});
            CHECK(haproxy.hear().stream_id == 7);
        }
    }

    TEST_CASE("one that has not greeted, or not to the end, greets the new process")
    {
        const auto hello = on_the_wire(haproxy_hello());
        for (const std::size_t cut : {std::size_t{0}, std::size_t{3}, hello.size() - 1}) {
            Fixture f;
            const auto& haproxy = f.connect();
            haproxy.say(prefix(hello, cut));
            await([&] { return haproxy.was_heard(); });
            f.upgrade();
            haproxy.say({hello.begin() + static_cast<std::ptrdiff_t>(cut), hello.end()});
            CHECK(haproxy.hear().type == agent_hello);
        }
    }

    TEST_CASE("answers that HAProxy had not read go along, whole and in order")
    {
        Fixture f;
        const auto& haproxy = f.connect();
        haproxy.greet();
        // Until the old process cannot write any more, and so does not read either.
        constexpr std::uint64_t most = 20'000;
        const auto questions = questions_on_the_wire(question_about("orders"), most);
        std::size_t said = 0;
        for (auto last = std::chrono::steady_clock::now();
             said < questions.size() && std::chrono::steady_clock::now() < last + 200ms;)
            if (const auto more = haproxy.say_what_fits(
                    {questions.begin() + static_cast<std::ptrdiff_t>(said), questions.end()});
                more > 0) {
                said += more;
                last = std::chrono::steady_clock::now();
            }
        REQUIRE(said < questions.size());

        f.upgrade();
        CHECK(f.taken.connections == 1);
        std::thread rest([&] {
            haproxy.say({questions.begin() + static_cast<std::ptrdiff_t>(said), questions.end()});
        });
        for (std::uint64_t stream = 1; stream <= most; ++stream)
            REQUIRE(haproxy.hear().stream_id == stream);
        rest.join();
    }

    TEST_CASE("a question that waits is answered, and the connection goes on")
    {
        Fixture f;
        auto doubt = shut_verdict(verdict::State::odown, "down, say two");
        const std::vector<agent::Update> updates{{0, &doubt, 1h, {}}};
        f.before.publish(agent::with_updates(*snapshot_of({"orders"}, {good_verdict()}), updates));
        const auto& haproxy = f.connect();
        haproxy.greet();
        haproxy.say(on_the_wire(notify(question_about("orders"), 7)));
        await([&] { return f.before.tallies()[0]->waits[0].open() == 1; });
        f.upgrade();
        CHECK(haproxy.hear().stream_id == 7);
        haproxy.say(on_the_wire(notify(question_about("orders"), 8)));
        CHECK(server_in(haproxy.hear()) == "string R2");
    }

    TEST_CASE("a seat is taken in the new process, and without one it is told so")
    {
        Fixture f;
        const auto& first = f.connect();
        const auto& second = f.connect();
        first.greet();
        second.greet();
        f.after.set_limits(1h, {}, {1, 100});
        f.upgrade();
        await([&] { return f.after.refused_connections() == 1; });
        CHECK(f.after.seats().free() == 0);
    }

    TEST_CASE("a new process that knows nothing of this, or is gone: goodbye")
    {
        Fixture f;
        const auto& greeted = f.connect();
        greeted.greet();
        const auto& asked = f.connect();
        asked.greet();
        asked.say(on_the_wire(notify(question_about("orders"), 7)));
        close(f.channel.taking);
        f.before.stop(net::Heir(f.channel.giving));
        CHECK(greeted.hear().type == agent_disconnect);
        CHECK(asked.hear().stream_id == 7);
        CHECK(asked.hear().type == agent_disconnect);
    }

    TEST_CASE("a new process that takes nothing any more: the rest is told goodbye in time")
    {
        Fixture f;
        const int small = 0;  // as small as the kernel lets it be
        REQUIRE(setsockopt(f.channel.giving, SOL_SOCKET, SO_SNDBUF, &small, sizeof small) == 0);
        constexpr int many = 50;
        for (int i = 0; i < many; ++i)
            f.connect().greet();
        const auto begun = std::chrono::steady_clock::now();
        f.before.stop(net::Heir(f.channel.giving));
        CHECK(f.haproxies.back().hear().type == agent_disconnect);
        CHECK(std::chrono::steady_clock::now() - begun < 2s);
        await([&] { return f.before.open_connections() == 0; });

        // What it had taken by then still goes on, should it wake up.
        f.take_over();
        f.end_channel();
        REQUIRE(f.loop.await([&] { return !f.taking; }));
        CHECK(f.taken.connections > 0);
        CHECK(f.taken.connections < many);
        f.haproxies.front().say(on_the_wire(notify(question_about("orders"), 7)));
        CHECK(server_in(f.haproxies.front().hear()) == "string R2");
    }

    TEST_CASE("messages that are none are dropped with what came along, and the rest is taken")
    {
        Fixture f;
        std::array<int, 2> stream{};
        std::array<int, 2> datagram{};
        std::array<int, 2> pipe_ends{};
        REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, stream.data()) == 0);
        REQUIRE(socketpair(AF_UNIX, SOCK_DGRAM, 0, datagram.data()) == 0);
        REQUIRE(pipe(pipe_ends.data()) == 0);
        const int listening = ::socket(AF_INET, SOCK_STREAM, 0);
        REQUIRE(listen(listening, 1) == 0);
        const auto good = agent::encode({true, 16'380, {}, {}});
        const asio::steady_timer first(f.loop.context);  // the loop's own descriptors are open now
        const auto descriptors = open_descriptors();

        send_raw(f.channel.giving, test::bytes({1}), {stream[0]});
        send_raw(f.channel.giving, Bytes(100'000, std::byte{0xff}), {stream[0]});
        send_raw(f.channel.giving, good, {});
        send_raw(f.channel.giving, good, {stream[0], stream[1]});
        send_raw(f.channel.giving, good, std::vector<int>(20, stream[0]));
        send_raw(f.channel.giving, good, {datagram[0]});
        send_raw(f.channel.giving, good, {pipe_ends[0]});
        send_raw(f.channel.giving, good, {listening});
        send_raw(f.channel.giving, good, {stream[0]});
        f.end_channel();
        f.take_over();
        REQUIRE(f.loop.await([&] { return !f.taking; }));
        CHECK(f.taken.bad == 8);
        CHECK(f.taken.connections == 1);
        CHECK(open_descriptors() == descriptors);  // one end of the channel less, one socket more
        for (const int fd :
             {stream[0],
              stream[1],
              datagram[0],
              datagram[1],
              pipe_ends[0],
              pipe_ends[1],
              listening})
            close(fd);
    }
}
