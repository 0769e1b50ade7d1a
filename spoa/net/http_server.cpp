#include "net/http_server.hpp"

#include "net/timeout.hpp"

#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <array>
#include <cstdio>
#include <utility>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

namespace spoa::net {
namespace {

using Response = http::response<http::string_body>;
using Stream = beast::basic_stream<asio::generic::stream_protocol>;

Response make_response(HttpResponse answer, unsigned version, bool keep_alive)
{
    Response response(static_cast<http::status>(answer.status), version);
    response.set(http::field::content_type, answer.content_type);
    response.set(http::field::cache_control, "no-store");
    for (const auto& [name, value] : answer.headers)
        response.set(name, value);
    response.keep_alive(keep_alive);
    response.body() = std::move(answer.body);
    response.prepare_payload();
    return response;
}

// What a request that cannot be read deserves; 0: nothing, the peer has left or was too slow.
unsigned status_for(const error_code& error)
{
    if (error == http::error::header_limit || error == http::error::buffer_overflow)
        return 431;
    if (error == http::error::body_limit)
        return 413;
    if (error.category() == make_error_code(http::error::bad_method).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message)
        return 400;
    return 0;
}

Response make_stream_head(const HttpResponse& answer, unsigned version, bool chunked)
{
    auto head = make_response(answer, version, false);
    head.content_length(boost::none);
    head.chunked(chunked);
    return head;
}

std::string chunk_of(const std::string& text)
{
    std::array<char, 20> size{};
    std::snprintf(size.data(), size.size(), "%zx\r\n", text.size());
    return size.data() + text + "\r\n";
}

// Sends what comes until the reader leaves, takes longer than `limit` for it, or is dropped.
asio::awaitable<void> send_lines(
    Stream& stream, LineStream& lines, bool chunked, std::chrono::seconds limit)
{
    constexpr int kernel_buffer = 64 << 10;  // else the kernel keeps megabytes for a slow reader
    error_code ignored;
    stream.socket().set_option(asio::socket_base::send_buffer_size(kernel_buffer), ignored);
    for (;;) {
        auto text = co_await lines.next();
        if (text.empty())
            co_return;
        if (chunked)
            text = chunk_of(text);
        stream.expires_after(limit);
        const auto [error, _] = co_await asio::async_write(stream, asio::buffer(text), as_result);
        if (error)
            co_return;
    }
}

}  // namespace

asio::awaitable<void> run_http_session(
    StreamSocket socket, const HttpHandler& handler, HttpLimits limits)
{
    Stream stream(std::move(socket));
    beast::flat_buffer buffer(limits.header_bytes + limits.body_bytes);
    for (bool open = true; open;) {
        http::request_parser<http::string_body> parser;
        parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
        parser.body_limit(limits.body_bytes);
        stream.expires_after(limits.idle);
        const auto [read_error, _] = co_await http::async_read(stream, buffer, parser, as_result);

        Response response;
        std::shared_ptr<LineStream> lines;
        bool is_head = false;
        bool chunked = false;
        if (read_error) {
            const auto status = status_for(read_error);
            if (status == 0)
                break;
            response = make_response({status, "text/plain", "bad request\n", {}, {}}, 11, false);
            open = false;
        } else {
            const auto& request = parser.get();
            is_head = request.method() == http::verb::head;
            open = request.keep_alive();
            auto answer =
                handler({std::string(request.method_string()), std::string(request.target())});
            lines = std::move(answer.lines);
            chunked = request.version() >= 11;
            response = lines ? make_stream_head(answer, request.version(), chunked)
                             : make_response(std::move(answer), request.version(), open);
        }

        stream.expires_after(limits.idle);
        http::response_serializer<http::string_body> serializer(response);
        const auto [write_error, written] =
            is_head || lines ? co_await http::async_write_header(stream, serializer, as_result)
                             : co_await http::async_write(stream, serializer, as_result);
        if (write_error)
            break;
        if (lines) {
            if (!is_head)
                co_await send_lines(stream, *lines, chunked, limits.idle);
            break;
        }
    }
    error_code ignored;
    stream.socket().shutdown(StreamSocket::shutdown_send, ignored);
}

}  // namespace spoa::net
