#include "base/result.hpp"
#include "net/http_server.hpp"
#include "net/task_group.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>

#include <array>
#include <string>

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace spoa;
using namespace std::chrono_literals;

namespace {

// What a server that answers METHOD TARGET sends for `request`, to the end of the connection.
std::string exchange(const std::string& request, net::HttpLimits limits = {})
{
    asio::io_context context{1};
    tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
    tcp::socket client(context);
    client.connect(acceptor.local_endpoint());
    const net::HttpHandler handler = [](const net::HttpRequest& asked) {
        return net::HttpResponse{
            200, "text/plain", asked.method + " " + asked.target + "\n", {}, {}};
    };
    net::TaskGroup tasks(
        context.get_executor(), [](std::exception_ptr e) { std::rethrow_exception(e); });
    tasks.spawn(net::run_http_session(acceptor.accept(), handler, limits));
    asio::write(client, asio::buffer(request));
    client.shutdown(tcp::socket::shutdown_send);
    context.run_for(5s);
    REQUIRE(tasks.size() == 0);

    std::string answer;
    std::array<char, 4096> chunk{};
    error_code error;
    while (!error)
        answer.append(chunk.data(), client.read_some(asio::buffer(chunk), error));
    return answer;
}

std::size_t count(const std::string& text, const std::string& word)
{
    std::size_t found = 0;
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1))
        ++found;
    return found;
}

}  // namespace

TEST_SUITE("net/http_server")
{
    TEST_CASE("a request gets the handler's answer")
    {
        const auto answer = exchange("GET /healthz?x=1 HTTP/1.1\r\nHost: a\r\n\r\n");
        CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
        CHECK(answer.ends_with("\r\n\r\nGET /healthz?x=1\n"));
    }

    TEST_CASE("pipelined requests are answered in order on one connection")
    {
        const auto answer =
            exchange("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
        CHECK(count(answer, "200 OK") == 2);
        CHECK(answer.find("GET /1\n") < answer.find("GET /2\n"));
    }

    TEST_CASE("Connection: close is honoured")
    {
        const auto answer = exchange(
            "GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
        CHECK(count(answer, "200 OK") == 1);
    }

    TEST_CASE("HEAD gets the length and no body")
    {
        const auto answer = exchange("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n");
        CHECK(answer.find("Content-Length: 8") != std::string::npos);
        CHECK(answer.ends_with("\r\n\r\n"));
    }

    TEST_CASE("what is no HTTP is refused with 400")
    {
        CHECK(exchange("this is not http\r\n\r\n").starts_with("HTTP/1.1 400 "));
    }

    TEST_CASE("headers beyond the limit are refused with 431, a body with 413")
    {
        const auto long_header = "GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n";
        CHECK(exchange(long_header).starts_with("HTTP/1.1 431 "));
        CHECK(exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1073741824\r\n\r\n")
                  .starts_with("HTTP/1.1 413 "));
    }

    TEST_CASE("half a request and an end is closed without an answer")
    {
        CHECK(exchange("GET / HT").empty());
    }
}
