// Any bytes as what a client of the HTTP port sends: each whole request is answered once, in order,
// by a page or a refusal, with headers of ours alone; and the connection ends when the client does.
#include "base/bytes.hpp"
#include "config/load.hpp"
#include "daemon/pages.hpp"
#include "fuzz/cuts.hpp"
#include "fuzz/promise.hpp"
#include "net/http_host.hpp"
#include "net/http_server.hpp"
#include "telemetry/metrics.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::local::stream_protocol;
using namespace spoa;
using fuzz::expect;

namespace {

constexpr std::string_view configuration =
    "sentinels: {addresses: [10.0.0.1:26379, 10.0.0.2:26379, 10.0.0.3:26379]}\n"
    "masters:\n"
    "  - {name: m, servers: {R1: 10.0.0.1:6379, R2: 10.0.0.2:6379}, redis: {}, replicas: {}}\n"
    "  - {name: n, servers: {S1: 10.0.1.1:6379}}\n"
    "haproxy: [{runtime_api: unix:/nobody, backends: {b: m}}]\n";

void rethrow(const std::exception_ptr& failure)
{
    std::rethrow_exception(failure);
}

// The pages of an agent that has heard nobody yet, and what was asked of them.
class Site {
public:
    Site() : config(config::load_text(configuration, "/").config) {}

    net::HttpResponse answer(const net::HttpRequest& request)
    {
        asked.push_back(request.method);
        return daemon::answer_page(sources, request);
    }

    asio::io_context context{1};
    config::Config config;
    telemetry::Metrics metrics{{"m", "n"}, {"10.0.0.1:26379"}, "0"};
    daemon::EventFeed events{context.get_executor(), metrics};
    daemon::Control control{
        context.get_executor(),
        config,
        metrics,
        events,
        [](const auto&) {},
        [](std::size_t) { return std::uint64_t{0}; },
        std::nullopt};
    daemon::PageSources sources{
        control,
        events,
        [this] { return metrics.serialize({}); },
        [](std::size_t) { return std::uint64_t{0}; },
        [] { return nullptr; }};
    std::vector<std::string> asked;  // the methods
};

std::string received(stream_protocol::socket& client)
{
    std::string text;
    std::array<char, 16'384> chunk{};
    error_code error;
    while (!error)
        text.append(chunk.data(), client.read_some(asio::buffer(chunk), error));
    return text;
}

// All that a client gets that sends `bytes`, in pieces, and then no more.
std::string exchange(Site& site, std::string_view bytes)
{
    net::HttpServer server(
        site.context.get_executor(),
        [&](const net::HttpRequest& request) { return site.answer(request); },
        {},
        rethrow);
    stream_protocol::socket client(site.context);
    stream_protocol::socket taken(site.context);
    asio::local::connect_pair(client, taken);
    client.non_blocking(true);
    server.take(Descriptor(taken.release()));
    const auto run = [&] {
        site.context.restart();
        site.context.poll();
    };
    std::string answers;
    fuzz::Cuts cuts(std::as_bytes(std::span(bytes)));
    while (!bytes.empty()) {
        error_code error;
        const auto piece = bytes.substr(0, cuts.next(bytes.size()));
        bytes.remove_prefix(piece.size());
        asio::write(client, asio::buffer(piece.data(), piece.size()), error);
        run();
        answers += received(client);
        if (error)
            break;
    }
    error_code ignored;
    client.shutdown(stream_protocol::socket::shutdown_send, ignored);
    // A page is larger than what the kernel holds.
    for (int turn = 0; turn < 20 && server.size() > 0; ++turn) {
        run();
        answers += received(client);
    }
    client.close();  // a reader of events leaves
    for (int turn = 0; turn < 20 && server.size() > 0; ++turn) {
        site.events.changed(0, true);
        run();
    }
    expect(server.size() == 0, "a connection ends with its client");
    return answers;
}

void check_headers(const http::response<http::string_body>& answer)
{
    constexpr std::array<std::string_view, 9> ours{
        "Content-Type",
        "Cache-Control",
        "Content-Length",
        "Connection",
        "Transfer-Encoding",
        "Allow",
        "Content-Security-Policy",
        "X-Content-Type-Options",
        "Referrer-Policy"};
    for (const auto& field : answer)
        expect(
            std::ranges::count(ours, std::string_view(field.name_string())) == 1,
            "an answer has no header of the client's");
}

// Each request that got to the pages has its answer; behind them may be one refusal.
void check_answers(std::string_view text, const std::vector<std::string>& asked)
{
    constexpr std::array<unsigned, 5> refusals{400, 413, 421, 431, 501};
    std::size_t answered = 0;
    while (!text.empty()) {
        http::response_parser<http::string_body> parser;
        parser.eager(true);
        const bool to_page = answered < asked.size();
        parser.skip(to_page && asked[answered] == "HEAD");
        error_code error;
        const auto size = parser.put(asio::buffer(text.data(), text.size()), error);
        const auto status = parser.get().result_int();
        expect(parser.is_header_done(), "an answer has a head");
        check_headers(parser.get());
        if (!parser.is_done()) {
            expect(parser.chunked() || parser.need_eof(), "only events have no end");
            return;
        }
        expect(!error, "an answer is HTTP");
        text.remove_prefix(size);
        if (to_page && status == 200)
            expect(
                asked[answered] == "GET" || asked[answered] == "HEAD" ||
                    asked[answered] == "OPTIONS",
                "nothing but reading is answered");
        if (!to_page)
            expect(
                std::ranges::count(refusals, status) == 1 && text.empty(),
                "what is no request is refused, and the last");
        ++answered;
    }
    expect(answered >= asked.size(), "every request has an answer");
}

void check_host(std::string_view host)
{
    const std::vector<std::string> names{"agent"};
    const auto here = asio::ip::make_address("10.0.0.9");
    if (!net::may_be_asked_as(host, here, names))
        return;
    const auto name = net::host_of(host);
    error_code error;
    const auto address = asio::ip::make_address(name, error);
    expect(
        name == "localhost" || name == "agent" ||
            (!error && (address.is_v6() || address == here || address.is_loopback())),
        "no other host is served");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static auto& site = *new Site;
    const auto bytes = as_text(std::as_bytes(std::span(data, size)));
    site.asked.clear();
    const auto answers = exchange(site, bytes);
    check_answers(answers, site.asked);
    check_host(bytes.substr(0, bytes.find('\n')));
    return 0;
}
