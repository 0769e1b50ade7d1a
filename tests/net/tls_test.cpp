// Both ends of a TLS connection in one event loop, with certificates made on the spot.
#include "net/tls.hpp"

#include "config/temporary_folder.hpp"
#include "net/certificates.hpp"
#include "net/redis_connection.hpp"
#include "net/task_group.hpp"
#include "net/timeout.hpp"
#include "resp/command.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>

#include <exception>
#include <functional>
#include <optional>

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using asio::ip::tcp;
using namespace spoa;
using namespace std::chrono_literals;
using spoa::test::Certificate;
using spoa::test::one_day;
using spoa::test::TemporaryFolder;

namespace {

using ServerStream = ssl::stream<tcp::socket>;

const std::string local_names = "DNS:localhost,IP:127.0.0.1";

// What a peer does with a connection.
enum class Manner {
    tls,     // answers each PING, and BIG with a megabyte
    plain,   // answers an error to whatever comes
    silent,  // nothing
    hangs_up,
};

class Peer {
public:
    Peer(asio::io_context& context, Manner manner, ssl::context* tls = nullptr)
        : acceptor_(context, {asio::ip::address_v4::loopback(), 0}),
          manner_(manner),
          tls_(tls),
          tasks_(context.get_executor(), [](std::exception_ptr e) { std::rethrow_exception(e); })
    {
        tasks_.spawn(accept());
    }
    ~Peer() { tasks_.cancel(); }

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

private:
    asio::awaitable<void> accept()
    {
        for (;;) {
            auto [error, socket] = co_await acceptor_.async_accept(net::as_result);
            if (error)
                co_return;
            if (tls_)
                tasks_.spawn(answer(std::move(socket)));
            else
                tasks_.spawn(answer_plain(std::move(socket)));
        }
    }

    asio::awaitable<void> answer(tcp::socket socket)
    {
        ServerStream stream(std::move(socket), *tls_);
        const auto [refused] =
            co_await stream.async_handshake(ServerStream::server, net::as_result);
        if (refused)
            co_return;
        std::array<char, 4096> chunk{};
        for (;;) {
            const auto [error, size] =
                co_await stream.async_read_some(asio::buffer(chunk), net::as_result);
            const std::string request(chunk.data(), size);
            if (error || request.find("QUIT") != std::string::npos)
                co_return;
            std::string reply = "+PONG\r\n";
            if (request.find("BIG") != std::string::npos)
                reply = "$1000000\r\n" + std::string(1'000'000, 'x') + "\r\n";
            co_await asio::async_write(stream, asio::buffer(reply), net::as_result);
        }
    }

    asio::awaitable<void> answer_plain(tcp::socket socket)
    {
        if (manner_ == Manner::hangs_up)
            co_return;
        std::array<char, 4096> chunk{};
        for (;;) {
            const auto [error, size] =
                co_await socket.async_read_some(asio::buffer(chunk), net::as_result);
            if (error)
                co_return;
            const std::string reply = "-ERR unknown command\r\n";
            if (manner_ == Manner::plain)
                co_await asio::async_write(socket, asio::buffer(reply), net::as_result);
        }
    }

    tcp::acceptor acceptor_;
    Manner manner_;
    ssl::context* tls_;
    net::TaskGroup tasks_;
};

asio::awaitable<void> converse(
    net::RedisConnection& connection, Endpoint address, std::string command, std::string& out)
{
    const auto connected = co_await net::with_timeout(300ms, connection.connect(address));
    if (!connected) {
        out = connection.explain(connected.error()).message();
        co_return;
    }
    std::string request;
    resp::put_command(request, {command});
    const auto replies = co_await net::with_timeout(1s, connection.ask(request, 1));
    out = replies ? *replies->front().text() : replies.error().message();
}

// A server's side of TLS.
class Server {
public:
    explicit Server(const Certificate& certificate) : tls(ssl::context::tls_server)
    {
        SSL_CTX_use_certificate(tls.native_handle(), certificate.x509());
        SSL_CTX_use_PrivateKey(tls.native_handle(), certificate.key());
    }

    void demand_certificate_of(const Certificate& authority)
    {
        tls.set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
        X509_STORE_add_cert(SSL_CTX_get_cert_store(tls.native_handle()), authority.x509());
    }
    void speak_at_most(int version) { SSL_CTX_set_max_proto_version(tls.native_handle(), version); }

    ssl::context tls;
};

// The reply to `command`, or why there is none.
std::string talk(
    const net::TlsSettings& settings, ssl::context* server, const std::string& host = "127.0.0.1",
    Manner manner = Manner::tls, const std::string& command = "PING")
{
    asio::io_context context;
    const net::TlsClient client(settings);
    Peer peer(context, manner, server);
    net::RedisConnection connection(context.get_executor(), &client);
    std::string out = "nothing within two seconds";
    std::exception_ptr failure;
    asio::co_spawn(
        context,
        converse(connection, {host, peer.port()}, command, out),
        [&](std::exception_ptr e) {
            failure = std::move(e);
            context.stop();
        });
    context.run_for(2s);
    if (failure)
        std::rethrow_exception(failure);
    return out;
}

// An authority, and a server whose certificate it has signed for localhost.
struct Lab {
    TemporaryFolder folder;
    Certificate authority{{"authority", "", true}};
    Certificate certificate{{"server", local_names}, &authority};
    Server server{certificate};
    std::string ca_file = authority.write_certificate(folder.path() / "ca.pem");

    net::TlsSettings settings() const { return {ca_file, {}, {}, {}, true}; }

    // What the agent hears of a server with this certificate of the authority.
    std::string hear_of(const test::Subject& subject, const std::string& host = "127.0.0.1")
    {
        Server other(Certificate(subject, &authority));
        return talk(settings(), &other.tls, host);
    }

    net::TlsSettings with_certificate(const Certificate& own)
    {
        auto out = settings();
        out.cert_file = own.write_certificate(folder.path() / "agent.pem");
        out.key_file = own.write_key(folder.path() / "agent.key");
        return out;
    }
};

std::string complaint(const net::TlsSettings& settings)
{
    try {
        const net::TlsClient client(settings);
        return "nothing";
    } catch (const std::runtime_error& e) {
        return e.what();
    }
}

}  // namespace

TEST_SUITE("net/tls")
{
    TEST_CASE("a peer whose certificate an authority of ours has signed is spoken to")
    {
        Lab lab;
        CHECK(talk(lab.settings(), &lab.server.tls) == "PONG");
        CHECK(talk(lab.settings(), &lab.server.tls, "localhost") == "PONG");
        lab.server.speak_at_most(TLS1_2_VERSION);
        CHECK(talk(lab.settings(), &lab.server.tls) == "PONG");
    }

    TEST_CASE("a reply of many TLS records arrives whole")
    {
        Lab lab;
        const auto reply = talk(lab.settings(), &lab.server.tls, "127.0.0.1", Manner::tls, "BIG");
        CHECK(reply.size() == 1'000'000);
    }

    TEST_CASE("the end of a conversation reads as it does without TLS")
    {
        Lab lab;
        CHECK(
            talk(lab.settings(), &lab.server.tls, "127.0.0.1", Manner::tls, "QUIT") ==
            "End of file");
    }

    TEST_CASE("a certificate of an authority that is not ours is refused, and says so")
    {
        const std::string untrusted =
            "its certificate is not signed by an authority that is trusted here; check tls.ca_file";
        Lab lab;
        const Lab other;
        CHECK(talk(other.settings(), &lab.server.tls) == untrusted);  // of the same name
        auto settings = lab.settings();
        settings.ca_file = Certificate({"another", "", true}).write_certificate(settings.ca_file);
        CHECK(talk(settings, &lab.server.tls) == untrusted);
        CHECK(talk({}, &lab.server.tls) == untrusted);  // the system's

        const Certificate self_signed({"server", local_names});
        Server alone(self_signed);
        CHECK(talk(lab.settings(), &alone.tls) == untrusted);
    }

    TEST_CASE("a self-signed certificate may be its own authority")
    {
        const TemporaryFolder folder;
        const Certificate self_signed({"server", local_names});
        Server alone(self_signed);
        net::TlsSettings settings;
        settings.ca_file = self_signed.write_certificate(folder.path() / "ca.pem");
        CHECK(talk(settings, &alone.tls) == "PONG");
    }

    TEST_CASE("a certificate counts in its time alone")
    {
        Lab lab;
        CHECK(
            lab.hear_of({"server", local_names, false, -2 * one_day, -one_day}) ==
            "its certificate has expired");
        CHECK(
            lab.hear_of({"server", local_names, false, one_day, 2 * one_day}) ==
            "its certificate is not valid yet; compare the clocks");
    }

    TEST_CASE("a certificate is for the name or the address that is connected to")
    {
        Lab lab;
        CHECK(
            lab.hear_of({"server", "DNS:sentinel.example,IP:127.0.0.2"}, "localhost") ==
            "its certificate is not for localhost; set tls.server_name to a name that it has");
        CHECK(
            lab.hear_of({"server", "DNS:localhost,IP:127.0.0.2"}) ==
            "its certificate is not for 127.0.0.1; set tls.server_name to a name that it has");
        CHECK(lab.hear_of({"server", "IP:127.0.0.1"}) == "PONG");
        CHECK(
            lab.hear_of({"localhost", ""}, "localhost") == "PONG");  // as old certificates have it
        CHECK(lab.hear_of({"127.0.0.1", ""}).starts_with("its certificate is not for 127.0.0.1;"));
    }

    TEST_CASE("server_name is expected instead, whatever is connected to")
    {
        Lab lab;
        Server named(Certificate({"server", "DNS:*.lab.example,IP:10.0.0.1"}, &lab.authority));
        auto settings = lab.settings();
        const auto talk_to = [&](const std::string& name) {
            settings.server_name = name;
            return talk(settings, &named.tls);
        };
        CHECK(talk_to("sentinel.lab.example") == "PONG");
        CHECK(talk_to("10.0.0.1") == "PONG");
        CHECK(talk_to("sentinel.other").starts_with("its certificate is not for sentinel.other;"));
        CHECK(talk_to("127.0.0.1").starts_with("its certificate is not for 127.0.0.1;"));
    }

    TEST_CASE("without verification any certificate will do")
    {
        net::TlsSettings settings;
        settings.verify = false;
        Server other(Certificate({"x", "", false, -2 * one_day, -one_day}));
        CHECK(talk(settings, &other.tls) == "PONG");
    }

    TEST_CASE("a peer that speaks no TLS is told from one that does")
    {
        const Lab lab;
        const auto hear = [&](Manner manner) {
            return talk(lab.settings(), nullptr, "127.0.0.1", manner);
        };
        CHECK(hear(Manner::plain) == "it speaks no TLS on this port");
        CHECK(
            hear(Manner::silent) ==
            "it does not answer the TLS handshake; does it speak TLS on this port?");
        CHECK(
            hear(Manner::hangs_up) ==
            "it ended the connection in the TLS handshake; does it speak TLS on this port?");
    }

    TEST_CASE("a peer may demand a certificate of the agent, and refuse it")
    {
        Lab lab;
        const Certificate good({"agent", ""}, &lab.authority);
        const Certificate self_signed({"agent", ""});
        const Certificate old({"agent", "", false, -2 * one_day, -one_day}, &lab.authority);
        lab.server.demand_certificate_of(lab.authority);
        const auto hear = [&](const net::TlsSettings& settings) {
            return talk(settings, &lab.server.tls);
        };
        const std::string refused = "it refuses the agent's TLS certificate; check tls.cert_file";

        CHECK(hear(lab.with_certificate(good)) == "PONG");
        CHECK(
            hear(lab.settings()) ==
            "it demands a TLS certificate of the agent; set tls.cert_file and tls.key_file");
        CHECK(hear(lab.with_certificate(self_signed)) == refused);
        CHECK(hear(lab.with_certificate(old)) == refused);

        lab.server.speak_at_most(TLS1_2_VERSION);
        CHECK(hear(lab.with_certificate(good)) == "PONG");
        CHECK(
            hear(lab.settings()) ==
            "it broke off the TLS handshake: it may demand a certificate (tls.cert_file), or "
            "shares no cipher with the agent");
        CHECK(hear(lab.with_certificate(self_signed)) == refused);
    }

    TEST_CASE("TLS before 1.2 is not spoken")
    {
        Lab lab;
        SSL_CTX_set_min_proto_version(lab.server.tls.native_handle(), TLS1_VERSION);
        lab.server.speak_at_most(TLS1_1_VERSION);
        SSL_CTX_set_cipher_list(lab.server.tls.native_handle(), "ALL:@SECLEVEL=0");
        CHECK(talk(lab.settings(), &lab.server.tls) == "it speaks no TLS 1.2 or later");
    }

    TEST_CASE("a file that cannot be used is named")
    {
        Lab lab;
        const Certificate own({"agent", ""}, &lab.authority);
        const auto nonsense = lab.folder.write("nonsense.pem", "nonsense").string();
        const auto good = lab.with_certificate(own);
        CHECK(complaint(good) == "nothing");

        auto settings = good;
        settings.ca_file = nonsense;
        CHECK(complaint(settings).starts_with(
            "the TLS authorities in " + nonsense + " cannot be loaded: "));
        settings.ca_file = "/none";
        CHECK(complaint(settings).starts_with("the TLS authorities in /none cannot be loaded: "));

        settings = good;
        settings.cert_file = nonsense;
        CHECK(complaint(settings).starts_with(
            "the TLS certificate in " + nonsense + " cannot be loaded: "));
        settings = good;
        settings.key_file = nonsense;
        CHECK(complaint(settings).starts_with("the TLS key in " + nonsense + " cannot be loaded"));

        settings = good;
        settings.key_file = lab.certificate.write_key(lab.folder.path() / "other.key");
        CHECK(
            complaint(settings) == "the TLS key in " + settings.key_file +
                                       " does not fit the certificate in " + settings.cert_file);

        settings = good;
        settings.key_file = own.write_key(lab.folder.path() / "secret.key", "x");
        CHECK(complaint(settings).find("(an encrypted one is not supported)") != std::string::npos);
    }
}
