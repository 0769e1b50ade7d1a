#pragma once

#include "base/endpoint.hpp"
#include "net/backoff.hpp"
#include "net/stream_socket.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace spoa::net {

// Who has something to say to a HAProxy: turn by turn, a line of commands and its reply. Called on
// the link's thread, one call at a time.
class RuntimeApiUser {
public:
    virtual ~RuntimeApiUser() = default;

    // When the next turn is to begin.
    virtual std::chrono::steady_clock::time_point due() = 0;

    // Begins a turn: the commands, as one line.
    virtual std::string commands() = 0;

    // Ends it. False when the reply is such that the next turn had better wait a while.
    virtual bool on_reply(const std::string& reply) = 0;
    virtual void on_failure(const std::string& reason) = 0;  // a sentence that says what to change
};

// Which socket of a HAProxy it is: what opens it is another line for each.
enum class HaproxySocket : std::uint8_t { runtime_api, master_cli };

// The runtime API of one HAProxy, or its master CLI. A connection for each turn: HAProxy closes it
// when the reply is complete (the master CLI: when nothing more can come), so nothing is left over
// from one turn to the next, and a reloaded HAProxy is met anew. A failed turn is followed by a
// pause that grows.
class RuntimeApiLink {
public:
    // `user` must outlive it.
    RuntimeApiLink(
        boost::asio::any_io_executor executor, SocketAddress address, RuntimeApiUser& user,
        HaproxySocket kind = HaproxySocket::runtime_api);

    // Runs until cancelled.
    boost::asio::awaitable<void> run();

    // due() has become earlier. Call it on the link's thread.
    void wake();

private:
    boost::asio::awaitable<result<std::string>> ask(StreamSocket& socket, const std::string& line);
    boost::asio::awaitable<result<void>> connect(StreamSocket& socket);
    std::string explain(const error_code& error) const;

    boost::asio::any_io_executor executor_;
    SocketAddress address_;
    RuntimeApiUser& user_;
    HaproxySocket kind_;
    boost::asio::steady_timer wake_;
    Backoff backoff_;
    bool woken_ = false;
};

}  // namespace spoa::net
