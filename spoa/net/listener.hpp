#pragma once

#include "base/descriptor.hpp"
#include "base/endpoint.hpp"
#include "base/result.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>

#include <functional>
#include <string>

namespace spoa::net {

// Takes an accepted connection, which does not block and belongs to no event loop yet.
using Taker = std::function<void(Descriptor)>;

// A listening socket, TCP or UNIX. A UNIX socket's file is made with mode 0660, replaces one that
// nobody listens on, and is removed at the end.
class Listener {
public:
    // Throws std::runtime_error with one sentence that names the address and the trouble.
    Listener(boost::asio::io_context& context, const SocketAddress& address);
    // One that a process before us has opened: `fd` is ours from now on.
    Listener(boost::asio::io_context& context, const SocketAddress& address, int fd);
    ~Listener();
    Listener(Listener&&) noexcept;
    Listener& operator=(Listener&&) = delete;

    int native_handle() { return acceptor_.native_handle(); }

    // Another process goes on with the socket: its file stays.
    void leave_path() { unix_path_.clear(); }

    // Who takes the connection that waits; none (an empty function) when it must go on waiting.
    using Next = std::function<Taker()>;
    using OnTrouble = std::function<void(const error_code&)>;

    // Accepts until cancelled. While there is no taker, and after an error that `on_trouble` hears
    // of (out of descriptors, most likely), connections wait in the kernel's backlog.
    boost::asio::awaitable<void> run(Next next, OnTrouble on_trouble);

private:
    bool accept_waiting(const Next& next, const OnTrouble& on_trouble);

    using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol>;
    Acceptor acceptor_;
    std::string unix_path_;
};

}  // namespace spoa::net
