#include "net/http_client.hpp"

#include "net/timeout.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <optional>
#include <stdexcept>
#include <utility>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Protocol = asio::generic::stream_protocol;

namespace spoa::net {
namespace {

constexpr std::uint64_t largest_body = 64 << 20;

asio::awaitable<result<HttpReply>> get(
    SocketAddress address, std::string target, std::chrono::milliseconds limit)
{
    const auto executor = co_await asio::this_coro::executor;
    Protocol::endpoint endpoint;
    if (address.unix_path.empty()) {
        asio::ip::tcp::resolver resolver(executor);
        const auto [error, found] = co_await resolver.async_resolve(
            address.tcp.host, std::to_string(address.tcp.port), as_result);
        if (error)
            co_return error;
        endpoint = found.begin()->endpoint();
    } else {
        endpoint = asio::local::stream_protocol::endpoint(address.unix_path);
    }

    beast::basic_stream<Protocol> stream(executor);
    stream.expires_after(limit);
    if (const auto [error] = co_await stream.async_connect(endpoint, as_result); error)
        co_return error;
    http::request<http::empty_body> request(http::verb::get, target, 11);
    request.set(http::field::host, "localhost");
    request.keep_alive(false);
    if (const auto [error, _] = co_await http::async_write(stream, request, as_result); error)
        co_return error;
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(largest_body);
    if (const auto [error, _] = co_await http::async_read(stream, buffer, parser, as_result); error)
        co_return error;
    co_return HttpReply{parser.get().result_int(), std::move(parser.get().body())};
}

}  // namespace

SocketAddress parse_url(const std::string& url)
{
    constexpr std::string_view scheme = "http://";
    std::string_view rest = url;
    if (rest.starts_with(scheme))
        rest.remove_prefix(scheme.size());
    if (rest.ends_with('/') && !rest.starts_with("unix:"))
        rest.remove_suffix(1);
    auto address = parse_socket_address(rest);
    if (!address)
        throw std::runtime_error(
            "'" + url + "' is no address of an agent; write http://127.0.0.1:9005 or unix:/path");
    return *std::move(address);
}

HttpReply http_get(
    const SocketAddress& address, const std::string& target, std::chrono::milliseconds limit)
{
    asio::io_context context{1};
    std::optional<result<HttpReply>> reply;
    std::exception_ptr failure;
    asio::co_spawn(
        context, get(address, target, limit), [&](std::exception_ptr e, result<HttpReply> r) {
            failure = std::move(e);
            reply = std::move(r);
        });
    context.run_for(limit + std::chrono::seconds(1));
    if (failure)
        std::rethrow_exception(failure);
    if (!reply || !*reply)
        throw std::runtime_error(
            "no answer from " + to_string(address) + ": " +
            (reply ? reply->error().message() : "timed out") + "; is the agent running there?");
    return *std::move(*reply);
}

}  // namespace spoa::net
