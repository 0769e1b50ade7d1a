#include "net/redis_connection.hpp"

#include "net/timeout.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/write.hpp>

namespace asio = boost::asio;
using asio::ip::tcp;

namespace spoa::net {

asio::awaitable<result<void>> RedisConnection::connect(const Endpoint& address)
{
    tcp::resolver resolver(socket_.get_executor());
    const auto [unresolved, candidates] = co_await resolver.async_resolve(
        address.host, std::to_string(address.port), tcp::resolver::numeric_service, as_result);
    if (unresolved)
        co_return unresolved;
    const auto [error, chosen] = co_await asio::async_connect(socket_, candidates, as_result);
    if (error)
        co_return error;
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.set_option(asio::socket_base::keep_alive(true), ignored);
    co_return result<void>();
}

asio::awaitable<result<void>> RedisConnection::send(const std::string& request)
{
    const auto [error, _] = co_await asio::async_write(socket_, asio::buffer(request), as_result);
    if (error)
        co_return error;
    co_return result<void>();
}

asio::awaitable<result<resp::Value>> RedisConnection::receive()
{
    for (;;) {
        auto value = reader_.next();
        if (!value)
            co_return value.error();
        if (*value)
            co_return *std::move(*value);
        const auto [error, size] =
            co_await socket_.async_read_some(asio::buffer(chunk_), as_result);
        if (error)
            co_return error;
        reader_.feed({chunk_.data(), size});
    }
}

asio::awaitable<result<std::vector<resp::Value>>> RedisConnection::ask(
    const std::string& request, std::size_t replies)
{
    if (const auto sent = co_await send(request); !sent)
        co_return sent.error();
    std::vector<resp::Value> values;
    values.reserve(replies);
    while (values.size() < replies) {
        auto value = co_await receive();
        if (!value)
            co_return value.error();
        values.push_back(*std::move(value));
    }
    co_return values;
}

}  // namespace spoa::net
