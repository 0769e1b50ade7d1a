#pragma once

#include "base/endpoint.hpp"
#include "base/result.hpp"
#include "net/stream_socket.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>

#include <functional>
#include <string>

namespace spoa::net {

// Who takes an accepted connection: the event loop it belongs to, and what to call with it.
struct Taker {
    boost::asio::io_context& context;
    std::function<void(StreamSocket)> take;
};

// A listening socket, TCP or UNIX. A UNIX socket's file is made with mode 0660, replaces one that
// nobody listens on, and is removed at the end.
class Listener {
public:
    // Throws std::runtime_error with one sentence that names the address and the trouble.
    Listener(boost::asio::io_context& context, const SocketAddress& address);
    ~Listener();
    Listener(Listener&&) noexcept;
    Listener& operator=(Listener&&) = delete;

    // Accepts until cancelled. `next` is asked before each connection who takes it.
    boost::asio::awaitable<void> run(std::function<Taker()> next);

private:
    using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol>;
    Acceptor acceptor_;
    std::string unix_path_;
};

}  // namespace spoa::net
