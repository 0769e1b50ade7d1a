#include "net/ready_sockets.hpp"

#include "net/timeout.hpp"

#include <boost/asio/post.hpp>

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace asio = boost::asio;

namespace spoa::net {
namespace {

// Looks at the sockets in a row, before other work of the event loop has its turn.
constexpr int most_rounds = 8;

int make_epoll()
{
    const int fd = ::epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0)
        throw std::system_error(errno, std::system_category(), "epoll_create1");
    return fd;
}

result<std::size_t> size_or_error(ssize_t size)
{
    if (size >= 0)
        return static_cast<std::size_t>(size);
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return 0;
    return error_code(errno, boost::system::system_category());
}

}  // namespace

ReadySockets::ReadySockets(const asio::any_io_executor& executor) : epoll_(executor, make_epoll())
{}

asio::awaitable<void> ReadySockets::run()
{
    for (;;) {
        const auto [error] =
            co_await epoll_.async_wait(asio::posix::stream_descriptor::wait_read, as_result);
        if (error)
            co_return;
        for (int round = 0; round < most_rounds && wake_some(); ++round) {
        }
    }
}

// Whether there was anybody to wake.
bool ReadySockets::wake_some()
{
    std::array<epoll_event, 64> events;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    const int ready = ::epoll_wait(epoll_.native_handle(), events.data(), events.size(), 0);
    // None of these sockets ends while another one is served: a wait that is cancelled ends in a
    // later turn of the event loop.
    for (int i = 0; i < ready; ++i)
        static_cast<ReadySocket*>(events[static_cast<std::size_t>(i)].data.ptr)->wake();
    return ready > 0;
}

ReadySocket::~ReadySocket()
{
    // close() is not enough: another process may have it open, and then the epoll goes on telling.
    if (watched_)
        watch(std::nullopt);
}

void ReadySocket::cancel()
{
    finish_later(asio::error::operation_aborted);
}

result<std::size_t> ReadySocket::read_some(std::span<std::byte> space)
{
    const auto size = ::recv(socket_.get(), space.data(), space.size(), MSG_DONTWAIT);
    if (size == 0)
        return error_code(asio::error::eof);
    return size_or_error(size);
}

result<std::size_t> ReadySocket::write_some(ByteView bytes)
{
    return size_or_error(
        ::send(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
}

void ReadySocket::wait(Wait what, Waiter* waiter)
{
    waiter_ = waiter;
    if (what == watched_)
        return;
    if (const auto error = watch(what))
        finish_later(error);
}

void ReadySocket::finish_later(error_code error)
{
    if (auto* const waiter = std::exchange(waiter_, nullptr))
        asio::post(all_.epoll_.get_executor(), [waiter, error] { waiter->finish(error); });
}

error_code ReadySocket::watch(std::optional<Wait> what)
{
    const int operation = !what ? EPOLL_CTL_DEL : watched_ ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    epoll_event event{};
    event.events = what == Wait::write ? EPOLLOUT : EPOLLIN;
    event.data.ptr = this;
    if (::epoll_ctl(all_.epoll_.native_handle(), operation, socket_.get(), &event) != 0)
        return {errno, boost::system::system_category()};
    watched_ = what;
    return {};
}

void ReadySocket::wake()
{
    if (auto* const waiter = std::exchange(waiter_, nullptr))
        waiter->finish({});
    else
        watch(std::nullopt);  // until somebody waits again: it would be told over and over
}

}  // namespace spoa::net
