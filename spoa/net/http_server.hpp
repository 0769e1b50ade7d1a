#pragma once

#include "net/line_stream.hpp"
#include "net/stream_socket.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace spoa::net {

struct HttpRequest {
    std::string method;
    std::string target;  // path and query, as sent
};

struct HttpResponse {
    unsigned status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;  // beside those of every answer
    std::shared_ptr<LineStream> lines;  // follow the body, for as long as the reader stays
};

// Answers one request; called on the server's thread and must not block it.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

struct HttpLimits {
    std::chrono::seconds idle{30};  // for a whole request to come, and a response to be taken
    std::size_t header_bytes = 8'192;
    std::size_t body_bytes = 1'024;  // nothing here takes a body
};

// Serves one HTTP/1.1 connection, keep-alive included, until it ends.
boost::asio::awaitable<void> run_http_session(
    StreamSocket socket, const HttpHandler& handler, HttpLimits limits);

}  // namespace spoa::net
