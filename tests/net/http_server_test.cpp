#include "net/http_server.hpp"

#include "base/result.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace spoa;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

net::HttpResponse echo(const net::HttpRequest& asked)
{
    return {200, "text/plain", asked.method + " " + asked.target + "\n", {}, {}};
}

net::HttpResponse much(const net::HttpRequest&)
{
    return {200, "text/plain", std::string(8 << 20, 'x'), {}, {}};
}

void rethrow(const std::exception_ptr& failure)
{
    std::rethrow_exception(failure);
}

std::string get(const std::string& target)
{
    return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

// A server, and clients that come one by one.
struct Scene {
    explicit Scene(net::HttpLimits limits, net::HttpHandler handler = echo)
        : server(context.get_executor(), std::move(handler), limits, rethrow)
    {
        server.set_hosts({"a"});
    }
    ~Scene()
    {
        server.cancel();
        run();
    }

    tcp::socket connect(const std::string& request = {})
    {
        tcp::socket client(context);
        client.connect(acceptor.local_endpoint());
        server.take(Descriptor(acceptor.accept().release()));
        asio::write(client, asio::buffer(request));
        run();
        return client;
    }

    void run(std::chrono::milliseconds limit = 50ms)
    {
        context.restart();
        context.run_for(limit);
    }

    // What has come by now.
    static std::string answer(tcp::socket& client)
    {
        std::string text;
        std::array<char, 4096> chunk{};
        error_code error;
        client.non_blocking(true);
        while (!error)
            text.append(chunk.data(), client.read_some(asio::buffer(chunk), error));
        return text;
    }

    asio::io_context context{1};
    tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
    net::HttpServer server;
};

// What a server sends for `request` of a client that sends no more, to the end of the connection.
std::string exchange(const std::string& request, net::HttpLimits limits = {})
{
    Scene scene(limits);
    auto client = scene.connect(request);
    client.shutdown(tcp::socket::shutdown_send);
    scene.run(5s);
    REQUIRE(scene.server.size() == 0);
    return Scene::answer(client);
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
        const auto answer = exchange(get("/healthz?x=1"));
        CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
        CHECK(answer.ends_with("\r\n\r\nGET /healthz?x=1\n"));
    }

    TEST_CASE("pipelined requests are answered in order on one connection")
    {
        const auto answer = exchange(get("/1") + get("/2"));
        CHECK(count(answer, "200 OK") == 2);
        CHECK(answer.find("GET /1\n") < answer.find("GET /2\n"));
    }

    TEST_CASE("Connection: close is honoured")
    {
        const auto answer =
            exchange("GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + get("/2"));
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

    TEST_CASE("HTTP/1.1 without a Host, or with two, is refused with 400")
    {
        CHECK(exchange("GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 400 "));
        CHECK(
            exchange("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").starts_with("HTTP/1.1 400 "));
        CHECK(exchange("GET / HTTP/1.0\r\n\r\n").starts_with("HTTP/1.0 200 "));
    }

    TEST_CASE("it answers to loopback, the address that was asked, and names it was given")
    {
        const auto status = [](const std::string& host, const std::string& target = "/") {
            const auto answer = exchange(
                "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
            return answer.substr(9, 3);
        };
        for (const std::string host :
             {"localhost",
              "LocalHost.",
              "localhost:9005",
              "127.0.0.1",
              "127.8.8.8:1",
              "[::1]:9005",
              "[::ffff:127.0.0.1]",
              "A",
              "a.:80",
              ""}) {
            CAPTURE(host);
            CHECK(status(host) == "200");
        }
        for (const std::string host :
             {"evil.example",
              "evil.example:9005",
              "aa",
              "10.0.0.1",
              "[::2]:9005",
              "localhost.evil.example",
              "127.0.0.1.evil.example",
              "127.1",
              "0.0.0.0",
              "[",
              "]",
              ":",
              "..",
              "a:1:2"}) {
            CAPTURE(host);
            CHECK(status(host) == "421");
        }
        CHECK(status("a", "http://a:80/x") == "200");
        CHECK(status("a", "http://evil.example/x") == "421");
        CHECK(status("evil.example", "http://a/x") == "421");
        CHECK(exchange("GET / HTTP/1.0\r\n\r\n").starts_with("HTTP/1.0 200 "));
        CHECK(
            exchange("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
                .ends_with("http.hosts of its configuration lists the names that it answers to\n"));
    }

    TEST_CASE("over a UNIX socket any name will do")
    {
        Scene scene({});
        asio::local::stream_protocol::socket client(scene.context);
        asio::local::stream_protocol::socket taken(scene.context);
        asio::local::connect_pair(client, taken);
        scene.server.take(Descriptor(taken.release()));
        asio::write(client, asio::buffer("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"s));
        scene.run();
        std::array<char, 12> start{};
        asio::read(client, asio::buffer(start));
        CHECK(std::string_view(start.data(), start.size()) == "HTTP/1.1 200");
    }

    TEST_CASE("no body is ever taken for the next request")
    {
        const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
        const auto length = "Content-Length: " + std::to_string(smuggled.size()) + "\r\n";
        const auto answer = [&](const std::string& fields, const std::string& version = "1.1") {
            return exchange(
                "POST /first HTTP/" + version + "\r\nHost: a\r\n" + fields + "\r\n" + smuggled);
        };
        const std::vector<std::pair<std::string, std::string>> refused{
            {"Transfer-Encoding: xchunked\r\n", "501"},
            {"Transfer-Encoding: identity\r\n", "501"},
            {"Transfer-Encoding: chunked\r\n", "501"},
            {"Transfer-Encoding: gzip, chunked\r\n", "501"},
            {"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "400"},
            {"Transfer-Encoding: xchunked\r\n" + length, "400"},
            {length + "Transfer-Encoding: chunked\r\n", "400"},
            {"Transfer-Encoding: chunked\r\n" + length, "400"},
            {"Transfer-Encoding:\vchunked\r\n", "400"},
            {"Transfer-Encoding : chunked\r\n", "400"},
            {length + "Content-Length: 1\r\n", "400"},
            {"Content-Length: 1, 2\r\n", "400"},
            {"Content-Length: +1\r\n", "400"},
            {"Content-Length: -1\r\n", "400"},
            {"Content-Length: 0x10\r\n", "400"},
            {"Content-Length: 99999999999999999999\r\n", "400"},
            {"Content-Length : 1\r\n", "400"}};
        for (const auto& [fields, status] : refused) {
            CAPTURE(fields);
            const auto said = answer(fields);
            CHECK(said.substr(9, 3) == status);
            CHECK(count(said, "HTTP/1.1 ") == 1);
            CHECK(count(said, "smuggled") == 0);
        }
        CHECK(answer("Transfer-Encoding: chunked\r\n", "1.0").substr(9, 3) == "400");

        // What is whole and in order is read, and the next request is the next one.
        for (const std::string method : {"GET", "POST"}) {
            CAPTURE(method);
            const auto start = method + " /1 HTTP/1.1\r\nHost: a\r\n";
            const auto said = exchange(start + length + "\r\n" + smuggled + get("/2"));
            CHECK(count(said, "200 OK") == 2);
            CHECK(said.ends_with("GET /2\n"));
        }
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
        CHECK(exchange("GET / HT") == "");
    }

    TEST_CASE("a connection is closed after so many requests")
    {
        const auto answer =
            exchange(get("/1") + get("/2") + get("/3") + get("/4"), {.requests = 3});
        CHECK(count(answer, "200 OK") == 3);
        CHECK(count(answer, "Connection: close") == 1);
    }

    TEST_CASE("a request that does not become whole in time is not waited for")
    {
        Scene scene({.request = 20ms});
        const auto slow = scene.connect("GET / HTT");
        CHECK(scene.server.size() == 0);
    }

    TEST_CASE("who asks nothing is let go")
    {
        Scene scene({.idle = 20ms});
        const auto idle = scene.connect();
        CHECK(scene.server.size() == 0);
    }

    TEST_CASE("when it is full, who has waited the longest without a request makes room")
    {
        Scene scene({.connections = 2});
        auto first = scene.connect();
        auto second = scene.connect();
        asio::write(first, asio::buffer(get("/1")));
        scene.run();
        auto third = scene.connect(get("/3"));
        CHECK(scene.server.size() == 2);
        CHECK(Scene::answer(first).ends_with("GET /1\n"));
        CHECK(Scene::answer(second).empty());
        CHECK(Scene::answer(third).ends_with("GET /3\n"));
    }

    TEST_CASE("who is being answered does not make room")
    {
        Scene scene({.connections = 1}, much);
        const auto first = scene.connect(get("/1"));
        auto second = scene.connect(get("/2"));
        CHECK(scene.server.size() == 1);
        CHECK(Scene::answer(second).empty());
    }

    TEST_CASE("answers that nobody reads do not pile up")
    {
        Scene scene({.unsent_bytes = 8 << 20}, much);
        const auto first = scene.connect(get("/1"));
        auto second = scene.connect(get("/2"));
        CHECK(Scene::answer(second).starts_with("HTTP/1.1 503 "));
    }

    TEST_CASE("lines follow in chunks until the reader leaves")
    {
        const auto lines = [](asio::io_context& context) {
            return std::make_shared<net::LineStream>(
                context.get_executor(),
                net::LineStream::Settings{64, 1h, [] { return "beat\n"s; }});
        };
        std::shared_ptr<net::LineStream> made;
        Scene scene({}, [&](const net::HttpRequest&) {
            return net::HttpResponse{200, "text/plain", {}, {}, made};
        });
        made = lines(scene.context);
        made->push(std::make_shared<const std::string>("hello\n"));
        auto reader = scene.connect(get("/"));
        const auto answer = Scene::answer(reader);
        CHECK(answer.find("Transfer-Encoding: chunked\r\n") != std::string::npos);
        CHECK(answer.ends_with("\r\n\r\nb\r\nhello\nbeat\n\r\n"));
        made->push(std::make_shared<const std::string>("more\n"));
        scene.run();
        CHECK(Scene::answer(reader) == "5\r\nmore\n\r\n");
        reader.close();
        made->push(std::make_shared<const std::string>("one\n"));
        scene.run();
        made->push(std::make_shared<const std::string>("two\n"));
        scene.run();
        CHECK(scene.server.size() == 0);
    }
}
