#include "net/hand_over.hpp"

#include "base/result.hpp"
#include "net/timeout.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace asio = boost::asio;

namespace spoa::net {
namespace {

// Longer than any pause of a process that lives, and well within the limit of a drain.
constexpr timeval longest_wait{1, 0};
// More than the kernel takes as one message, as it is by default.
constexpr std::size_t largest_message = 256 * 1024;
// Taken in a row, before other work of the event loop has its turn.
constexpr int most_at_once = 32;

// Room for `count` descriptors beside a message.
template <std::size_t count>
union DescriptorSpace {
    std::array<char, CMSG_SPACE(count * sizeof(int))> bytes{};
    cmsghdr alignment;
};

struct Incoming {
    enum class Kind { connection, bad, none_now, no_more };
    Kind kind;
    Descriptor connection = Descriptor();
    agent::HandOver state = {};
};

std::vector<Descriptor> descriptors_in(msghdr& header)
{
    std::vector<Descriptor> out;
    for (auto* part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        std::vector<int> numbers((part->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        std::memcpy(numbers.data(), CMSG_DATA(part), numbers.size() * sizeof(int));
        for (const int number : numbers)
            out.emplace_back(number);
    }
    return out;
}

std::optional<int> option_of(int socket, int option)
{
    int value = 0;
    socklen_t size = sizeof value;
    if (::getsockopt(socket, SOL_SOCKET, option, &value, &size) != 0)
        return std::nullopt;
    return value;
}

// Not a listening one, not a datagram socket, not a file.
bool is_connection(int socket)
{
    const auto family = option_of(socket, SO_DOMAIN);
    return option_of(socket, SO_TYPE) == SOCK_STREAM && option_of(socket, SO_ACCEPTCONN) == 0 &&
           (family == AF_INET || family == AF_INET6 || family == AF_UNIX);
}

Incoming receive(int channel, Bytes& buffer)
{
    using Kind = Incoming::Kind;
    DescriptorSpace<2> space;  // for one too many to be seen
    iovec data{buffer.data(), buffer.size()};
    msghdr header{};
    header.msg_iov = &data;
    header.msg_iovlen = 1;
    header.msg_control = space.bytes.data();
    header.msg_controllen = space.bytes.size();
    const auto size = ::recvmsg(channel, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return {Kind::none_now};
    if (size <= 0)
        return {Kind::no_more};

    auto descriptors = descriptors_in(header);
    if (descriptors.size() == 1 && (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0) {
        auto state =
            agent::decode_hand_over(ByteView(buffer).first(static_cast<std::size_t>(size)));
        if (state && is_connection(descriptors[0].get()))
            return {Kind::connection, std::move(descriptors[0]), std::move(*state)};
    }
    return {Kind::bad};
}

}  // namespace

HandOverChannel make_hand_over_channel()
{
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
        throw std::system_error(errno, std::generic_category(), "no channel");
    ::setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &longest_wait, sizeof longest_wait);
    return {ends[0], ends[1]};
}

bool Heir::take(int socket, const agent::HandOver& state)
{
    if (channel_ < 0)
        return false;
    auto message = agent::encode(state);
    DescriptorSpace<1> space;
    iovec data{message.data(), message.size()};
    msghdr header{};
    header.msg_iov = &data;
    header.msg_iovlen = 1;
    header.msg_control = space.bytes.data();
    header.msg_controllen = space.bytes.size();
    auto* const part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof socket);
    std::memcpy(CMSG_DATA(part), &socket, sizeof socket);

    ssize_t sent = 0;
    do
        sent = ::sendmsg(channel_, &header, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        if (errno != EMSGSIZE)  // which is this connection's fault
            channel_ = -1;
        return false;
    }
    return true;
}

asio::awaitable<TakenOver> take_over(asio::posix::stream_descriptor channel, GoOn go_on)
{
    using Kind = Incoming::Kind;
    TakenOver all;
    Bytes buffer(largest_message);
    for (;;) {
        const auto [cancelled] = co_await channel.async_wait(channel.wait_read, as_result);
        if (cancelled)
            co_return all;
        for (int i = 0; i < most_at_once; ++i) {
            auto incoming = receive(channel.native_handle(), buffer);
            if (incoming.kind == Kind::no_more)
                co_return all;
            if (incoming.kind == Kind::none_now)
                break;
            if (incoming.kind == Kind::bad) {
                ++all.bad;
                continue;
            }
            ++all.connections;
            go_on(std::move(incoming.connection), std::move(incoming.state));
        }
    }
}

}  // namespace spoa::net
