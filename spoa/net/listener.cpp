#include "net/listener.hpp"

#include "net/timeout.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <utility>

namespace asio = boost::asio;
using Protocol = asio::generic::stream_protocol;
using Acceptor = asio::basic_socket_acceptor<Protocol>;

namespace spoa::net {
namespace {

// Bursts come when HAProxy is reloaded: every thread of the new process connects at once.
constexpr int backlog = 4096;
// Connections accepted in a row, before other work of the event loop has its turn.
constexpr int most_at_once = 8;
constexpr std::chrono::milliseconds pause_length{10};
constexpr mode_t unix_socket_mode = 0660;

Protocol::endpoint resolve(asio::io_context& context, const SocketAddress& address)
{
    if (!address.unix_path.empty())
        return asio::local::stream_protocol::endpoint(address.unix_path);
    asio::ip::tcp::resolver resolver(context);
    return resolver
        .resolve(
            address.tcp.host,
            std::to_string(address.tcp.port),
            asio::ip::tcp::resolver::passive | asio::ip::tcp::resolver::numeric_service)
        .begin()
        ->endpoint();
}

// Removes the socket file of a process that is gone. One that somebody listens on stays, and
// bind() then says that it is in use.
void remove_stale(asio::io_context& context, const std::string& path)
{
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode))
        return;
    asio::local::stream_protocol::socket probe(context);
    error_code error;
    probe.connect(path, error);
    if (error == asio::error::connection_refused)
        ::unlink(path.c_str());
}

// Every connection that is accepted inherits them from the listening socket.
void set_options_of_connections(Acceptor& acceptor)
{
    error_code not_tcp;  // a UNIX socket has no such option and needs none
    acceptor.set_option(asio::ip::tcp::no_delay(true), not_tcp);
    acceptor.set_option(asio::socket_base::keep_alive(true), not_tcp);
}

}  // namespace

Listener::Listener(asio::io_context& context, const SocketAddress& address) : acceptor_(context)
{
    try {
        if (!address.unix_path.empty())
            remove_stale(context, address.unix_path);
        const auto endpoint = resolve(context, address);
        acceptor_.open(endpoint.protocol());
        if (address.unix_path.empty())
            acceptor_.set_option(asio::socket_base::reuse_address(true));
        acceptor_.bind(endpoint);
        unix_path_ = address.unix_path;
        if (!unix_path_.empty())
            ::chmod(unix_path_.c_str(), unix_socket_mode);
        set_options_of_connections(acceptor_);
        acceptor_.listen(backlog);
    } catch (const boost::system::system_error& e) {
        auto why = e.code().message();
        if (e.code() == asio::error::address_in_use)
            why += "; stop what uses it, or choose another address";
        throw std::runtime_error("cannot listen on " + to_string(address) + ": " + why);
    }
}

Listener::Listener(asio::io_context& context, const SocketAddress& address, int fd)
    : acceptor_(context), unix_path_(address.unix_path)
{
    const int family = !address.unix_path.empty()                        ? AF_UNIX
                       : address.tcp.host.find(':') == std::string::npos ? AF_INET
                                                                         : AF_INET6;
    acceptor_.assign(Protocol(family, family == AF_UNIX ? 0 : IPPROTO_TCP), fd);
    set_options_of_connections(acceptor_);
}

Listener::~Listener()
{
    if (!unix_path_.empty())
        ::unlink(unix_path_.c_str());
}

Listener::Listener(Listener&& other) noexcept
    : acceptor_(std::move(other.acceptor_)), unix_path_(std::exchange(other.unix_path_, {}))
{}

asio::awaitable<void> Listener::run(Next next, OnTrouble on_trouble)
{
    asio::steady_timer pause(acceptor_.get_executor());
    acceptor_.non_blocking(true);
    for (;;) {
        const auto [error] = co_await acceptor_.async_wait(Acceptor::wait_read, as_result);
        if (error)
            co_return;
        if (accept_waiting(next, on_trouble))
            continue;
        pause.expires_after(pause_length);
        const auto [cancelled] = co_await pause.async_wait(as_result);
        if (cancelled)
            co_return;
    }
}

// False: it is of no use to try again at once.
bool Listener::accept_waiting(const Next& next, const OnTrouble& on_trouble)
{
    for (int i = 0; i < most_at_once; ++i) {
        const auto taker = next();
        if (!taker)
            return false;
        // Not by Asio, which would watch the socket in an event loop before anybody serves it.
        Descriptor connection(
            ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!connection.is_open()) {
            if (errno == EAGAIN)
                return true;
            if (errno == ECONNABORTED || errno == EINTR)
                continue;  // its peer gave up waiting
            on_trouble({errno, boost::system::system_category()});
            return false;
        }
        taker(std::move(connection));
    }
    return true;
}

}  // namespace spoa::net
