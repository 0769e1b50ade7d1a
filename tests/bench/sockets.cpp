#include "sockets.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace spoa::bench {
namespace {

constexpr int backlog = 4096;

[[noreturn]] void fail(const std::string& what)
{
    throw std::system_error(errno, std::generic_category(), what);
}

struct RawAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;

    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

RawAddress raw(const SocketAddress& address)
{
    RawAddress made;
    if (!address.unix_path.empty()) {
        auto& name = reinterpret_cast<sockaddr_un&>(made.storage);
        name.sun_family = AF_UNIX;
        address.unix_path.copy(name.sun_path, sizeof(name.sun_path) - 1);
        made.size = sizeof(name);
        return made;
    }
    auto& name = reinterpret_cast<sockaddr_in&>(made.storage);
    name.sin_family = AF_INET;
    name.sin_port = htons(address.tcp.port);
    if (inet_pton(AF_INET, address.tcp.host.c_str(), &name.sin_addr) != 1)
        throw std::invalid_argument(address.tcp.host + " is no IPv4 address");
    made.size = sizeof(name);
    return made;
}

void set(const Descriptor& socket, int level, int option)
{
    const int on = 1;
    if (setsockopt(socket.number(), level, option, &on, sizeof(on)) != 0)
        fail("setsockopt");
}

Descriptor make_socket(const RawAddress& address, int flags)
{
    const auto family = address.storage.ss_family;
    Descriptor made(socket(family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
    if (!made.open())
        fail("socket");
    if (family == AF_INET)
        set(made, IPPROTO_TCP, TCP_NODELAY);
    return made;
}

}  // namespace

Descriptor::Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept
{
    std::swap(number_, other.number_);
    return *this;
}

void Descriptor::close()
{
    if (open())
        ::close(std::exchange(number_, -1));
}

SocketAddress address_of(const std::string& text)
{
    auto parsed = parse_socket_address(text);
    if (!parsed)
        throw std::invalid_argument(text + " is neither HOST:PORT nor unix:/path");
    return *std::move(parsed);
}

Descriptor connect_to(const SocketAddress& to, std::uint32_t from)
{
    auto address = raw(to);
    auto made = make_socket(address, 0);
    if (from != 0) {
        set(made, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);  // a port may serve several destinations
        sockaddr_in source{};
        source.sin_family = AF_INET;
        source.sin_addr.s_addr = htonl(from);
        if (bind(made.number(), reinterpret_cast<sockaddr*>(&source), sizeof(source)) != 0)
            fail("bind");
    }
    if (connect(made.number(), address.get(), address.size) != 0)
        fail("connect to " + to_string(to));
    if (fcntl(made.number(), F_SETFL, O_NONBLOCK) != 0)
        fail("fcntl");
    return made;
}

Descriptor listen_on(const SocketAddress& at)
{
    auto address = raw(at);
    auto made = make_socket(address, SOCK_NONBLOCK);
    set(made, SOL_SOCKET, SO_REUSEADDR);
    if (bind(made.number(), address.get(), address.size) != 0)
        fail("bind to " + to_string(at));
    if (listen(made.number(), backlog) != 0)
        fail("listen");
    return made;
}

Descriptor accept_from(const Descriptor& listener)
{
    Descriptor made(accept4(listener.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (made.open()) {
        const int on = 1;  // fails on a UNIX socket, which has no such delay
        (void)setsockopt(made.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    } else if (errno != EAGAIN && errno != ECONNABORTED) {
        fail("accept");
    }
    return made;
}

void raise_descriptor_limit()
{
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        fail("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        fail("setrlimit");
}

Epoll::Epoll() : epoll_(epoll_create1(EPOLL_CLOEXEC))
{
    if (!epoll_.open())
        fail("epoll_create1");
}

void Epoll::add(const Descriptor& descriptor, std::uint64_t data)
{
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = data;
    if (epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, descriptor.number(), &event) != 0)
        fail("epoll_ctl");
}

std::span<const epoll_event> Epoll::wait(std::chrono::nanoseconds limit)
{
    using std::chrono::duration_cast;
    using std::chrono::seconds;
    const auto whole = duration_cast<seconds>(limit);
    timespec time{};
    time.tv_sec = whole.count();
    time.tv_nsec = (limit - whole).count();
    const int count = epoll_pwait2(
        epoll_.number(),
        ready_.data(),
        static_cast<int>(ready_.size()),
        limit.count() < 0 ? nullptr : &time,
        nullptr);
    if (count < 0 && errno != EINTR)
        fail("epoll_pwait2");
    return std::span(ready_).first(static_cast<std::size_t>(std::max(count, 0)));
}

}  // namespace spoa::bench
