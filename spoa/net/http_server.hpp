#pragma once

#include "base/descriptor.hpp"
#include "net/line_stream.hpp"
#include "net/stream_socket.hpp"
#include "net/task_group.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
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
    std::chrono::milliseconds idle{30'000};      // until a request begins
    std::chrono::milliseconds request{5'000};    // for the whole of it to come
    std::chrono::milliseconds response{10'000};  // for an answer, or some lines, to be taken
    std::size_t header_bytes = 8'192;
    std::size_t body_bytes = 1'024;  // nothing here takes a body
    std::size_t requests = 1'000;    // on one connection, which is closed then
    std::size_t connections = 256;
    std::size_t unsent_bytes = 64 << 20;  // of all answers that are being sent
};

// Serves HTTP/1.1, keep-alive and pipelining included, on the connections it is given. Whatever one
// of them does, the others are served: when there are as many as may be, the one that has waited
// the longest without having sent a whole request makes room for the next. For one thread.
class HttpServer {
public:
    HttpServer(
        const boost::asio::any_io_executor& executor, HttpHandler handler, HttpLimits limits,
        TaskGroup::OnFailure on_failure);
    ~HttpServer();

    void take(Descriptor connection);

    // Names by which we may be asked, beside localhost and the addresses that lead here. On UNIX
    // sockets, which no page of a browser gets to, any name will do.
    void set_hosts(const std::vector<std::string>& names);

    void cancel() { sessions_.cancel(); }
    std::size_t size() const { return sessions_.size(); }

private:
    struct Session;

    boost::asio::awaitable<void> run(StreamSocket socket);
    boost::asio::awaitable<bool> read_request(Session& session);
    unsigned fault_of(const Session& session) const;
    boost::asio::awaitable<bool> answer(Session& session);
    boost::asio::awaitable<bool> send(Session& session, HttpResponse answer, bool keep_alive);
    boost::asio::awaitable<void> send_lines(Session& session, LineStream& lines, bool chunked);
    boost::asio::awaitable<void> refuse(Session& session, unsigned status);
    bool make_room();

    HttpHandler handler_;
    HttpLimits limits_;
    std::vector<std::string> hosts_;
    std::list<Session*> unasked_;  // who has not sent a whole request, the longest waiting first
    std::size_t taken_ = 0;        // connections that are served, without those that make room
    std::size_t unsent_ = 0;
    TaskGroup sessions_;
};

}  // namespace spoa::net
