#pragma once

#include "base/endpoint.hpp"
#include "base/result.hpp"
#include "resp/reader.hpp"
#include "resp/value.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <string>
#include <vector>

namespace spoa::net {

// A RESP conversation over TCP, for Sentinels and data nodes. No call has a time limit of its
// own: wrap each in with_timeout. After an error or a time-out the connection is of no further
// use.
class RedisConnection {
public:
    explicit RedisConnection(const boost::asio::any_io_executor& executor) : socket_(executor) {}

    // Resolves the host and connects to the first of its addresses that accepts.
    boost::asio::awaitable<result<void>> connect(const Endpoint& address);

    // Writes one or several commands.
    boost::asio::awaitable<result<void>> send(const std::string& request);

    // The next reply, or published message.
    boost::asio::awaitable<result<resp::Value>> receive();

    // Writes commands and awaits as many replies.
    boost::asio::awaitable<result<std::vector<resp::Value>>> ask(
        const std::string& request, std::size_t replies);

private:
    boost::asio::ip::tcp::socket socket_;
    resp::Reader reader_;
    std::array<char, 16'384> chunk_{};
};

}  // namespace spoa::net
