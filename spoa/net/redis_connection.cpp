#include "net/redis_connection.hpp"

#include "net/resolve.hpp"
#include "net/timeout.hpp"
#include "net/tls_error.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/write.hpp>

namespace asio = boost::asio;
using asio::ip::tcp;

namespace spoa::net {

asio::awaitable<result<void>> RedisConnection::connect(
    const Endpoint& address, std::size_t seat, std::size_t seats)
{
    const auto candidates = co_await resolve_seat(socket_.get_executor(), address, seat, seats);
    if (!candidates)
        co_return candidates.error();
    const auto [error, chosen] = co_await asio::async_connect(socket_, *candidates, as_result);
    if (error)
        co_return error;
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.set_option(asio::socket_base::keep_alive(true), ignored);
    if (tls_)
        co_return co_await shake_hands(address.host);
    co_return result<void>();
}

asio::awaitable<result<void>> RedisConnection::shake_hands(const std::string& host)
{
    peer_ = tls_->name_of(host);
    stream_ = tls_->make_stream(socket_, host);
    shaking_hands_ = true;
    const auto [error] = co_await stream_->async_handshake(TlsStream::client, as_result);
    if (error == asio::error::operation_aborted)  // explain() is to know that it was here
        co_return error;
    shaking_hands_ = false;
    if (error)
        co_return explain_handshake(*stream_, error, peer_);
    co_return result<void>();
}

error_code RedisConnection::explain(const error_code& error) const
{
    if (shaking_hands_ && error == asio::error::timed_out)
        return make_tls_error(TlsErrc::no_answer, peer_);
    return error;
}

// No coroutine of its own, so that plain TCP costs no more than it would alone.
RedisConnection::Transfer RedisConnection::write(const std::string& request)
{
    return stream_ ? asio::async_write(*stream_, asio::buffer(request), as_result)
                   : asio::async_write(socket_, asio::buffer(request), as_result);
}

RedisConnection::Transfer RedisConnection::read_some()
{
    return stream_ ? stream_->async_read_some(asio::buffer(chunk_), as_result)
                   : socket_.async_read_some(asio::buffer(chunk_), as_result);
}

asio::awaitable<result<void>> RedisConnection::send(const std::string& request)
{
    const auto [error, _] = co_await write(request);
    if (error)
        co_return stream_ ? explain_stream(error, peer_) : error;
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
        const auto [error, size] = co_await read_some();
        if (error)
            co_return stream_ ? explain_stream(error, peer_) : error;
        reader_.feed({chunk_.data(), size});
    }
}

asio::awaitable<void> RedisConnection::readable()
{
    co_await socket_.async_wait(tcp::socket::wait_read, as_result);
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
