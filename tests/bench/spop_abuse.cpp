// spop_abuse: peers that mean no good, to run beside healthy connections of the same agent.
//
//   spop_abuse KIND HOST:PORT --seconds N    abuses for N seconds, then prints what it did as JSON
//   spop_abuse --list                        the kinds, one a line
#include "base/bytes.hpp"
#include "spop/frame_header.hpp"
#include "spop/kv_list.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace spoa;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t crowd_size = 1000;
constexpr std::size_t pourers = 8;                  // that never read
constexpr auto touch_every = 100us;                 // 10,000 connects and closes a second
constexpr auto patience = std::chrono::seconds(1);  // for one connect, send or close

struct Counts {
    std::uint64_t connects = 0;
    std::uint64_t connect_failures = 0;
    std::uint64_t closed_by_agent = 0;
    std::uint64_t bytes_sent = 0;
};

struct Run {
    addrinfo* address;
    Clock::time_point end;
    Counts counts;

    bool goes_on() const { return Clock::now() < end; }
};

Bytes hello_frame()
{
    Bytes frame;
    const auto start = spop::begin_frame(frame, {.type = spop::FrameType::haproxy_hello});
    spop::put_key_value(frame, "supported-versions", std::string_view("2.0"));
    spop::put_key_value(frame, "max-frame-size", std::uint32_t{16'380});
    spop::put_key_value(frame, "capabilities", std::string_view("pipelining"));
    spop::end_frame(frame, start);
    return frame;
}

Bytes notify_frame()
{
    Bytes frame;
    const auto start =
        spop::begin_frame(frame, {.type = spop::FrameType::notify, .stream_id = 1, .frame_id = 1});
    spop::put_string(frame, "sentinel-verdict");
    frame.push_back(std::byte{0});
    spop::end_frame(frame, start);
    return frame;
}

Bytes bytes_of(std::string_view text)
{
    const auto view = as_bytes(text);
    return {view.begin(), view.end()};
}

// One connection to the agent. Nothing here blocks for longer than `patience`.
class Peer {
public:
    explicit Peer(Run& run) : run_(&run)
    {
        const auto* const to = run.address;
        fd_ = ::socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const timeval limit{patience.count(), 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        if (fd_ >= 0 && ::connect(fd_, to->ai_addr, to->ai_addrlen) == 0) {
            ++run.counts.connects;
            return;
        }
        ++run.counts.connect_failures;
        close();
    }
    Peer(Peer&& other) noexcept : run_(other.run_), fd_(std::exchange(other.fd_, -1)) {}
    Peer& operator=(Peer&& other) noexcept
    {
        close();
        run_ = other.run_;
        fd_ = std::exchange(other.fd_, -1);
        return *this;
    }
    ~Peer() { close(); }

    bool is_open() const { return fd_ >= 0; }
    int fd() const { return fd_; }

    // As much as the agent takes, with MSG_DONTWAIT what it takes at once.
    void send(const Bytes& data, int flags = 0)
    {
        if (!is_open())
            return;
        const auto sent = ::send(fd_, data.data(), data.size(), flags | MSG_NOSIGNAL);
        if (sent >= 0)
            run_->counts.bytes_sent += static_cast<std::uint64_t>(sent);
        else if (errno != EAGAIN)
            note_close();
    }

    // Reads and drops what the agent has said; sees whether it has closed.
    void look(int flags = MSG_DONTWAIT)
    {
        std::array<char, 4096> dropped{};
        while (is_open()) {
            const auto size = ::recv(fd_, dropped.data(), dropped.size(), flags);
            if (size == 0 || (size < 0 && errno != EAGAIN))
                note_close();
            else if (size < 0)
                return;
        }
    }

    // By a reset, as HAProxy 3.1 and later do.
    void reset()
    {
        const linger at_once{1, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close();
    }

    void close()
    {
        if (fd_ >= 0)
            ::close(std::exchange(fd_, -1));
    }

private:
    void note_close()
    {
        ++run_->counts.closed_by_agent;
        close();
    }

    Run* run_;
    int fd_ = -1;
};

// Keeps a crowd of connections that have sent `opening`; those that were closed come back. Each
// sends `more` once a second.
void keep_crowd(Run& run, const Bytes& opening, const Bytes& more = {})
{
    std::vector<Peer> crowd;
    auto next_more = Clock::now() + 1s;
    while (run.goes_on()) {
        const bool send_more = Clock::now() >= next_more && !more.empty();
        next_more += send_more ? 1s : 0s;
        for (auto& peer : crowd) {
            peer.look();
            if (!peer.is_open()) {
                peer = Peer(run);
                peer.send(opening);
            } else if (send_more) {
                peer.send(more, MSG_DONTWAIT);
            }
        }
        while (crowd.size() < crowd_size && run.goes_on())
            crowd.emplace_back(run).send(opening);
        std::this_thread::sleep_for(50ms);
    }
}

// Connects, sends `noise` and waits to be closed, again and again.
void repeat(Run& run, const Bytes& noise)
{
    while (run.goes_on()) {
        Peer peer(run);
        peer.send(noise);
        peer.look(0);
    }
}

Bytes half_a_frame()
{
    auto out = hello_frame();
    const auto notify = notify_frame();
    append(out, ByteView(notify).first(notify.size() / 2));
    return out;
}

void never_greet(Run& run)
{
    keep_crowd(run, {});
}

void half_frame(Run& run)
{
    keep_crowd(run, half_a_frame());
}

void drip(Run& run)
{
    keep_crowd(run, half_a_frame(), {std::byte{0}});
}

void huge_length(Run& run)
{
    auto noise = hello_frame();
    append(noise, Bytes(4, std::byte{0xff}));
    repeat(run, noise);
}

void connect_close(Run& run)
{
    auto next = Clock::now();
    for (bool reset = false; run.goes_on(); reset = !reset) {
        Peer peer(run);
        if (reset)
            peer.reset();
        // In bursts where the clock is coarser, as many in all.
        next += touch_every;
        if (next > Clock::now() + 1ms)
            std::this_thread::sleep_until(next);
    }
}

void never_read(Run& run)
{
    Bytes questions;
    const auto question = notify_frame();
    for (int i = 0; i < 1000; ++i)
        append(questions, question);
    std::vector<Peer> peers;
    while (peers.size() < pourers)
        peers.emplace_back(run).send(hello_frame());
    while (run.goes_on()) {
        std::vector<pollfd> writable;
        for (const auto& peer : peers)
            writable.push_back({peer.fd(), POLLOUT, 0});
        ::poll(writable.data(), writable.size(), 100);
        for (std::size_t i = 0; i < peers.size(); ++i) {
            if (writable[i].revents != 0)
                peers[i].send(questions, MSG_DONTWAIT);
            if (!peers[i].is_open()) {
                peers[i] = Peer(run);
                peers[i].send(hello_frame());
            }
        }
    }
}

void http(Run& run)
{
    repeat(run, bytes_of("GET / HTTP/1.1\r\nHost: agent\r\nUser-Agent: lost\r\n\r\n"));
}

void tls(Run& run)
{
    using namespace std::string_view_literals;
    // A handshake record with a ClientHello of TLS 1.2; what follows no longer matters.
    auto noise = bytes_of("\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03"sv);
    noise.resize(205, std::byte{0x5a});
    repeat(run, noise);
}

struct Kind {
    std::string_view name;
    void (*abuse)(Run&);
    std::string_view what;
};
constexpr std::array<Kind, 8> kinds{{
    {"never-greet", never_greet, "1,000 connections that never greet"},
    {"half-frame", half_frame, "1,000 connections that send half a frame and fall silent"},
    {"drip", drip, "1,000 connections that send a byte of a frame each second"},
    {"huge-length", huge_length, "frames that claim 4 GiB, one connection after another"},
    {"connect-close", connect_close, "10,000 connects and closes a second"},
    {"never-read", never_read, "8 connections that ask without end and read no answer"},
    {"http", http, "HTTP requests, one connection after another"},
    {"tls", tls, "TLS handshakes, one connection after another"},
}};

const Kind& find_kind(std::string_view name)
{
    for (const auto& kind : kinds)
        if (kind.name == name)
            return kind;
    throw std::runtime_error("no such kind: " + std::string(name) + "; see --list");
}

addrinfo* resolve(const std::string& address)
{
    const auto colon = address.rfind(':');
    addrinfo* found = nullptr;
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    if (colon == std::string::npos ||
        ::getaddrinfo(
            address.substr(0, colon).c_str(), address.substr(colon + 1).c_str(), &hints, &found) !=
            0)
        throw std::runtime_error("no such address: " + address + "; write HOST:PORT");
    return found;
}

void allow_many_descriptors()
{
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

int run(const std::vector<std::string>& arguments)
{
    if (arguments == std::vector<std::string>{"--list"}) {
        for (const auto& kind : kinds)
            std::puts(kind.name.data());
        return 0;
    }
    if (arguments.size() != 4 || arguments[2] != "--seconds") {
        std::fputs("usage: spop_abuse KIND HOST:PORT --seconds N | spop_abuse --list\n", stderr);
        for (const auto& kind : kinds)
            std::fprintf(stderr, "  %-14s %s\n", kind.name.data(), kind.what.data());
        return 2;
    }
    const auto& kind = find_kind(arguments[0]);
    const std::chrono::duration<double> length(std::stod(arguments[3]));
    allow_many_descriptors();
    const auto begin = Clock::now();
    Run run{resolve(arguments[1]), begin + std::chrono::duration_cast<Clock::duration>(length), {}};
    kind.abuse(run);
    const std::chrono::duration<double> took = Clock::now() - begin;
    std::printf(
        "{\"kind\": \"%s\", \"seconds\": %.2f, \"connects\": %llu, \"connect_failures\": %llu, "
        "\"closed_by_agent\": %llu, \"bytes_sent\": %llu}\n",
        kind.name.data(),
        took.count(),
        static_cast<unsigned long long>(run.counts.connects),
        static_cast<unsigned long long>(run.counts.connect_failures),
        static_cast<unsigned long long>(run.counts.closed_by_agent),
        static_cast<unsigned long long>(run.counts.bytes_sent));
    ::freeaddrinfo(run.address);
    return 0;
}

}  // namespace

int main(int argc, char** argv)
{
    try {
        return run({argv + 1, argv + argc});
    } catch (const std::exception& e) {
        std::fprintf(stderr, "spop_abuse: %s\n", e.what());
        return 1;
    }
}
