#pragma once

#include "base/endpoint.hpp"
#include "base/result.hpp"
#include "net/tls.hpp"
#include "resp/reader.hpp"
#include "resp/value.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace spoa::net {

// A RESP conversation over TCP or TLS, for Sentinels and data nodes. No call has a time limit of
// its own: wrap each in with_timeout. After an error or a time-out the connection is of no further
// use.
class RedisConnection {
public:
    // Plain without `tls`, which must outlive it.
    explicit RedisConnection(
        const boost::asio::any_io_executor& executor, const TlsClient* tls = nullptr)
        : socket_(executor), tls_(tls)
    {}

    // Resolves the host, connects to the first of its addresses that accepts, and shakes hands.
    // Where several machines share the host name, to the one in this seat.
    boost::asio::awaitable<result<void>> connect(
        const Endpoint& address, std::size_t seat = 0, std::size_t seats = 1);

    // What stands behind an error of connect() or of its time limit: a peer that speaks no TLS
    // may just leave the handshake without an answer.
    error_code explain(const error_code& error) const;

    // Writes one or several commands.
    boost::asio::awaitable<result<void>> send(const std::string& request);

    // The next reply, or published message.
    boost::asio::awaitable<result<resp::Value>> receive();

    // Returns when there is something to read, or the peer has closed. May be cancelled without
    // harm.
    boost::asio::awaitable<void> readable();

    // Writes commands and awaits as many replies.
    boost::asio::awaitable<result<std::vector<resp::Value>>> ask(
        const std::string& request, std::size_t replies);

private:
    using Transfer = boost::asio::awaitable<std::tuple<error_code, std::size_t>>;

    boost::asio::awaitable<result<void>> shake_hands(const std::string& host);
    Transfer write(const std::string& request);
    Transfer read_some();

    boost::asio::ip::tcp::socket socket_;
    const TlsClient* tls_;
    std::unique_ptr<TlsStream> stream_;  // over socket_, from the handshake on
    std::string peer_;                   // the name expected of it
    bool shaking_hands_ = false;
    resp::Reader reader_;
    std::array<char, 16'384> chunk_{};
};

}  // namespace spoa::net
