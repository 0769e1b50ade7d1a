#include "net/http_server.hpp"

#include "net/http_host.hpp"
#include "net/timeout.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <optional>
#include <tuple>
#include <utility>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

namespace spoa::net {
namespace {

using Response = http::response<http::string_body>;
using Stream = beast::basic_stream<asio::generic::stream_protocol>;

// More than that the kernel need not keep for a reader that does not read.
constexpr int kernel_buffer = 64 << 10;

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

// What goes with a status that says too little by itself.
std::string words_for(unsigned status)
{
    if (status == 421)
        return "the agent may not be asked by this Host; http.hosts of its configuration lists the "
               "names that it answers to\n";
    if (status == 501)
        return "a request has no transfer encoding here\n";
    return std::string(http::obsolete_reason(static_cast<http::status>(status))) + "\n";
}

// Where a connection came in; nothing for a UNIX socket.
std::optional<asio::ip::address> local_address(const StreamSocket& socket)
{
    error_code error;
    const auto endpoint = socket.local_endpoint(error);
    asio::ip::tcp::endpoint out;
    if (error || endpoint.size() > out.capacity() ||
        (endpoint.protocol().family() != AF_INET && endpoint.protocol().family() != AF_INET6))
        return std::nullopt;
    std::memcpy(out.data(), endpoint.data(), endpoint.size());
    return out.address();
}

std::string chunk_of(const std::string& text)
{
    std::array<char, 20> size{};
    std::snprintf(size.data(), size.size(), "%zx\r\n", text.size());
    return size.data() + text + "\r\n";
}

// Adds to a sum for as long as it lives.
class Share {
public:
    Share(std::size_t& sum, std::size_t part) : sum_(sum), part_(part) { sum_ += part_; }
    ~Share() { sum_ -= part_; }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

private:
    std::size_t& sum_;
    std::size_t part_;
};

}  // namespace

struct HttpServer::Session {
    // Is in the list for as long as it lives.
    class Waiting {
    public:
        explicit Waiting(Session& session) : session_(session)
        {
            auto& all = session.server.unasked_;
            session_.place = all.insert(all.end(), &session_);
        }
        ~Waiting()
        {
            if (session_.place)
                session_.server.unasked_.erase(*session_.place);
            session_.place.reset();
        }
        Waiting(const Waiting&) = delete;
        Waiting& operator=(const Waiting&) = delete;

    private:
        Session& session_;
    };

    Session(HttpServer& owner, StreamSocket socket)
        : server(owner),
          asked_at(local_address(socket)),
          stream(std::move(socket)),
          buffer(owner.limits_.header_bytes + owner.limits_.body_bytes)
    {}
    ~Session()
    {
        if (!made_room)
            --server.taken_;
    }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    HttpServer& server;
    const std::optional<asio::ip::address> asked_at;
    Stream stream;
    beast::flat_buffer buffer;
    std::optional<http::request_parser<http::string_body>> parser;
    std::size_t requests = 0;
    std::optional<std::list<Session*>::iterator> place;
    bool made_room = false;
};

HttpServer::HttpServer(
    const asio::any_io_executor& executor, HttpHandler handler, HttpLimits limits,
    TaskGroup::OnFailure on_failure)
    : handler_(std::move(handler)), limits_(limits), sessions_(executor, std::move(on_failure))
{}

HttpServer::~HttpServer() = default;

void HttpServer::take(Descriptor connection)
{
    int family = AF_UNSPEC;
    socklen_t size = sizeof family;
    ::getsockopt(connection.get(), SOL_SOCKET, SO_DOMAIN, &family, &size);
    StreamSocket socket(sessions_.executor());
    error_code error;
    socket.assign({family, 0}, connection.get(), error);
    if (error)
        return;
    connection.release();
    if (taken_ >= limits_.connections && !make_room())
        return;
    ++taken_;
    sessions_.spawn(run(std::move(socket)));
}

bool HttpServer::make_room()
{
    if (unasked_.empty())
        return false;
    auto& session = *unasked_.front();
    unasked_.pop_front();
    session.place.reset();
    session.made_room = true;
    --taken_;
    session.stream.close();
    return true;
}

asio::awaitable<void> HttpServer::run(StreamSocket socket)
{
    Session session(*this, std::move(socket));
    error_code ignored;
    session.stream.socket().set_option(asio::socket_base::send_buffer_size(kernel_buffer), ignored);
    for (bool open = true; open;) {
        open = co_await read_request(session);
        if (open)  // not in one expression: g++ 12 evaluates both
            open = co_await answer(session);
    }
    session.stream.socket().shutdown(StreamSocket::shutdown_send, ignored);
}

// False when there is none to answer.
asio::awaitable<bool> HttpServer::read_request(Session& session)
{
    session.parser.emplace();
    session.parser->header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
    session.parser->body_limit(limits_.body_bytes);

    std::optional<Session::Waiting> waiting(std::in_place, session);
    if (session.buffer.size() == 0) {
        session.stream.expires_after(limits_.idle);
        const auto [error, n] = co_await session.stream.async_read_some(
            session.buffer.prepare(limits_.header_bytes), as_result);
        if (error)
            co_return false;
        session.buffer.commit(n);
    }
    session.stream.expires_after(limits_.request);
    auto [error, _] = co_await http::async_read_header(
        session.stream, session.buffer, *session.parser, as_result);
    auto status = error ? status_for(error) : fault_of(session);
    if (status == 0 && !error && !session.parser->is_done()) {
        std::tie(error, _) =
            co_await http::async_read(session.stream, session.buffer, *session.parser, as_result);
        status = error ? status_for(error) : 0;
    }
    waiting.reset();
    if (status != 0)
        co_await refuse(session, status);
    co_return !error && status == 0;
}

// What Beast lets pass, and whoever stands in front of us may understand in another way. The
// status that it deserves, or 0.
unsigned HttpServer::fault_of(const Session& session) const
{
    const auto& request = session.parser->get();
    const auto hosts = request.count(http::field::host);
    if (hosts > 1 || (hosts == 0 && request.version() >= 11))
        return 400;
    if (request.count(http::field::transfer_encoding) > 0) {
        // Nobody who only asks has a body to send in parts, and Beast 1.81 trips over odd ones.
        const bool contradicts =
            request.version() < 11 || request.count(http::field::content_length) > 0;
        return contradicts ? 400 : 501;
    }
    const auto may_be_asked = [&](std::string_view authority) {
        return !session.asked_at || authority.empty() ||
               may_be_asked_as(authority, *session.asked_at, hosts_);
    };
    if (!may_be_asked(request[http::field::host]) || !may_be_asked(authority_in(request.target())))
        return 421;
    return 0;
}

void HttpServer::set_hosts(const std::vector<std::string>& names)
{
    hosts_.clear();
    std::ranges::transform(names, std::back_inserter(hosts_), host_of);
}

// False when the connection is to end.
asio::awaitable<bool> HttpServer::answer(Session& session)
{
    const auto& request = session.parser->get();
    const bool keep_alive = request.keep_alive() && ++session.requests < limits_.requests;
    HttpResponse answer{503, "text/plain", "too many answers wait to be read\n", {}, {}};
    if (unsent_ < limits_.unsent_bytes)
        answer = handler_({std::string(request.method_string()), std::string(request.target())});
    const bool sent = co_await send(session, std::move(answer), keep_alive);
    co_return sent&& keep_alive;
}

asio::awaitable<bool> HttpServer::send(Session& session, HttpResponse answer, bool keep_alive)
{
    const auto& request = session.parser->get();
    const bool is_head = request.method() == http::verb::head;
    const auto lines = std::move(answer.lines);
    const bool chunked = lines && request.version() >= 11;
    auto response = make_response(std::move(answer), request.version(), keep_alive && !lines);
    if (lines) {
        response.content_length(boost::none);
        response.chunked(chunked);
    }
    const Share share(unsent_, response.body().size());
    session.stream.expires_after(limits_.response);
    http::response_serializer<http::string_body> serializer(response);
    const auto [error, _] =
        is_head || lines ? co_await http::async_write_header(session.stream, serializer, as_result)
                         : co_await http::async_write(session.stream, serializer, as_result);
    if (error)
        co_return false;
    if (lines) {  // nothing more is read, and there may be hundreds of readers
        session.parser.reset();
        session.buffer.clear();
        session.buffer.shrink_to_fit();
    }
    if (lines && !is_head)
        co_await send_lines(session, *lines, chunked);
    co_return !lines;
}

// Until the reader leaves, takes too long for them, or is dropped.
asio::awaitable<void> HttpServer::send_lines(Session& session, LineStream& lines, bool chunked)
{
    for (;;) {
        auto text = co_await lines.next();
        if (text.empty())
            co_return;
        if (chunked)
            text = chunk_of(text);
        session.stream.expires_after(limits_.response);
        const auto [error, _] =
            co_await asio::async_write(session.stream, asio::buffer(text), as_result);
        if (error)
            co_return;
    }
}

// Says what was wrong. Then reads a little of what still comes: a socket that is closed with unread
// bytes takes back what it has sent.
asio::awaitable<void> HttpServer::refuse(Session& session, unsigned status)
{
    constexpr std::size_t enough = 256 << 10;
    auto response = make_response({status, "text/plain", words_for(status), {}, {}}, 11, false);
    auto& stream = session.stream;
    stream.expires_after(limits_.request);
    const auto [write_error, _] = co_await http::async_write(stream, response, as_result);
    if (write_error)
        co_return;
    error_code ignored;
    stream.socket().shutdown(StreamSocket::shutdown_send, ignored);
    const Session::Waiting waiting(session);
    std::array<char, 4096> chunk{};
    for (std::size_t left = enough; left > 0;) {
        const auto [error, n] = co_await stream.async_read_some(asio::buffer(chunk), as_result);
        if (error)
            co_return;
        left -= std::min(left, n);
    }
}

}  // namespace spoa::net
