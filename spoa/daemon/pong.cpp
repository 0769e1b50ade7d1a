#include "daemon/pong.hpp"

#include "base/peer_text.hpp"
#include "resp/command.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <thread>

namespace spoa::daemon {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto pause = 2ms;  // between attempts
constexpr auto hold_limit = 100ms;
constexpr auto attempt_limit = 500ms;  // of one: nutcracker answers PING by itself

std::string message_of(int error)
{
    return std::generic_category().message(error);
}

bool is_ready(int socket, short event, Clock::time_point limit)
{
    pollfd watched{socket, event, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(limit - Clock::now()).count();
    return ::poll(&watched, 1, static_cast<int>(std::max<decltype(left)>(0, left))) > 0;
}

// What is wrong, or nothing.
std::string connect_to(
    Descriptor& socket, const sockaddr* address, socklen_t size, Clock::time_point limit)
{
    socket =
        Descriptor(::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (socket.get() < 0)
        return message_of(errno);
    if (::connect(socket.get(), address, size) == 0)
        return {};
    if (errno != EINPROGRESS)
        return message_of(errno);
    if (!is_ready(socket.get(), POLLOUT, limit))
        return "it does not accept";
    int error = 0;
    socklen_t length = sizeof(error);
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    return error == 0 ? std::string() : message_of(error);
}

std::string connect_to(Descriptor& socket, const std::string& listener, Clock::time_point limit)
{
    if (listener.starts_with('/')) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (listener.size() >= sizeof(address.sun_path))
            return "the path is too long";
        std::memcpy(address.sun_path, listener.data(), listener.size());
        return connect_to(
            socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address), limit);
    }
    const auto colon = listener.rfind(':');
    if (colon == std::string::npos)
        return "that is no host:port";
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const auto host = listener.substr(0, colon);
    const int error =
        ::getaddrinfo(host.c_str(), listener.substr(colon + 1).c_str(), &hints, &found);
    if (error != 0)
        return ::gai_strerror(error);
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, ::freeaddrinfo);
    return connect_to(socket, found->ai_addr, found->ai_addrlen, limit);
}

std::string ping(const twemproxy::Pool& pool, Clock::time_point limit)
{
    Descriptor socket;
    if (auto trouble = connect_to(socket, pool.listen, limit); !trouble.empty() || !pool.redis)
        return trouble;
    std::string request;
    if (!pool.redis_auth.empty())
        resp::put_auth(request, {}, pool.redis_auth.reveal());
    resp::put_command(request, {"PING"});
    if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0)
        return message_of(errno);
    std::string reply;
    std::array<char, 512> chunk{};
    while (is_ready(socket.get(), POLLIN, limit)) {
        const auto size = ::recv(socket.get(), chunk.data(), chunk.size(), 0);
        if (size <= 0)
            return size < 0 ? message_of(errno) : "it hangs up";
        reply.append(chunk.data(), static_cast<std::size_t>(size));
        if (reply.find("+PONG\r\n") != std::string::npos)
            return {};
        if (reply.starts_with('-') && reply.ends_with("\r\n"))
            return "it answers PING with an error; is redis_auth right?";
    }
    return "it does not answer PING";
}

}  // namespace

Descriptor hold(const twemproxy::Pool& pool)
{
    Descriptor socket;
    if (!connect_to(socket, pool.listen, Clock::now() + hold_limit).empty())
        socket.close();
    return socket;
}

bool is_held(const Descriptor& connection)
{
    char byte = 0;
    return connection.get() >= 0 && ::recv(connection.get(), &byte, 1, MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EINTR);
}

std::string await_pong(
    const twemproxy::Pool& pool, Clock::time_point limit, const std::atomic<bool>& stop)
{
    for (;;) {
        auto trouble = ping(pool, std::min(limit, Clock::now() + attempt_limit));
        if (trouble.empty())
            return {};
        if (Clock::now() >= limit || stop)
            return "pool " + shown_name(pool.name) + " on " + shown_name(pool.listen) + ": " +
                   trouble;
        std::this_thread::sleep_for(pause);
    }
}

}  // namespace spoa::daemon
