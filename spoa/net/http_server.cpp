#include "net/http_server.hpp"

#include "net/timeout.hpp"

#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <utility>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

namespace spoa::net {
namespace {

using Response = http::response<http::string_body>;

Response make_response(HttpResponse answer, unsigned version, bool keep_alive)
{
    Response response(static_cast<http::status>(answer.status), version);
    response.set(http::field::content_type, answer.content_type);
    response.set(http::field::cache_control, "no-store");
    if (!answer.allow.empty())
        response.set(http::field::allow, answer.allow);
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

}  // namespace

asio::awaitable<void> run_http_session(
    StreamSocket socket, const HttpHandler& handler, HttpLimits limits)
{
    beast::basic_stream<asio::generic::stream_protocol> stream(std::move(socket));
    beast::flat_buffer buffer(limits.header_bytes + limits.body_bytes);
    for (bool open = true; open;) {
        http::request_parser<http::string_body> parser;
        parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
        parser.body_limit(limits.body_bytes);
        stream.expires_after(limits.idle);
        const auto [read_error, _] = co_await http::async_read(stream, buffer, parser, as_result);

        Response response;
        bool is_head = false;
        if (read_error) {
            const auto status = status_for(read_error);
            if (status == 0)
                break;
            response = make_response({status, "text/plain", "bad request\n", {}}, 11, false);
            open = false;
        } else {
            const auto& request = parser.get();
            is_head = request.method() == http::verb::head;
            open = request.keep_alive();
            response = make_response(
                handler({std::string(request.method_string()), std::string(request.target())}),
                request.version(),
                open);
        }

        stream.expires_after(limits.idle);
        http::response_serializer<http::string_body> serializer(response);
        const auto [write_error, written] =
            is_head ? co_await http::async_write_header(stream, serializer, as_result)
                    : co_await http::async_write(stream, serializer, as_result);
        if (write_error)
            break;
    }
    error_code ignored;
    stream.socket().shutdown(StreamSocket::shutdown_send, ignored);
}

}  // namespace spoa::net
