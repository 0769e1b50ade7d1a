#include "config/address.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace spoa;
using namespace spoa::config;

namespace {

void check_problem(const Parsed<SocketAddress>& address, const std::string& words)
{
    REQUIRE(address.has_error());
    CAPTURE(address.error().text);
    CHECK(address.error().text.find(words) != std::string::npos);
}

}  // namespace

TEST_SUITE("config/address")
{
    TEST_CASE("an address is an IP address or a host name, and a port")
    {
        for (const std::string text :
             {"10.0.0.1:6379",
              "[2001:db8::1]:6379",
              "redis-1:6379",
              "redis_1.example.org:1",
              "4you.example:65535"}) {
            CAPTURE(text);
            CHECK(to_string(parse_peer(text, "6379").value()) == text);
        }
    }

    TEST_CASE("a listener may be a UNIX socket")
    {
        const auto address = parse_listener("unix:/run/agent.sock", "9000").value();
        CHECK(address.unix_path == "/run/agent.sock");
        CHECK(to_string(parse_listener("[::1]:9000", "9000").value()) == "[::1]:9000");
    }

    TEST_CASE("what is no address is told with what to write instead")
    {
        const std::vector<std::pair<std::string, std::string>> cases{
            {"", "the address is empty"},
            {"10.0.0.1", "has no port; write 10.0.0.1:9000"},
            {"localhost", "has no port; write localhost:9000"},
            {"[::1]", "has no port; write [::1]:9000"},
            {"[::1\t:900]", "'[::1…' has no port; write HOST:9000"},
            {"[::1\x01:900]", "'[::1?:900]' has no port; write HOST:9000"},
            {"::1", "IPv6 address without brackets; write \"[::1]:9000\""},
            {"fd00:1::1:6379", "write \"[fd00:1::1]:6379\", with the quotes"},
            {"fd00:1::1:26379", "write \"[fd00:1::1]:26379\", with the quotes"},
            {"fd00:1::1:17", "write \"[fd00:1::1:17]:9000\", with the quotes"},
            {"2001:db8:1:2:3:4:5:6379",
             "write \"[2001:db8:1:2:3:4:5:6379]:9000\", with the quotes"},
            {"2001:db8::1234", "write \"[2001:db8::1234]:9000\", with the quotes"},
            {"fe80::1%eth0", "has a zone (%), which is not taken"},
            {"fe80::1%eth0:6379", "has a zone (%), which is not taken"},
            {"[fe80::1%eth0]:6379", "has a zone (%), which is not taken"},
            {"fe80%eth0:6379", "has no valid host"},
            {"2001:db8:::1:9000", "too many colons"},
            {"10.0.0.1:", "a port is 1-65535"},
            {"10.0.0.1:0", "a port is 1-65535"},
            {"10.0.0.1:65536", "a port is 1-65535"},
            {"10.0.0.1:-1", "a port is 1-65535"},
            {"10.0.0.1:http", "a port is 1-65535"},
            {":9000", "has no host"},
            {"10.0.0.256:9000", "has no valid host"},
            {"10.0.0:9000", "has no valid host"},
            {"[10.0.0.1]:9000", "has no valid host"},
            {"*:9000", "has no valid host"},
            {"mäster:9000", "has no valid host"},
            {"what is this", "is not an address"},
            {"unix:agent.sock", "write unix:/path"},
            {"unix:", "write unix:/path"},
            {"unix:/" + std::string(107, 'x'), "at most 107 bytes"},
            {"/run/agent.sock", "write unix:/run/agent.sock"}};
        for (const auto& entry : cases) {
            const auto& text = entry.first;
            const auto& words = entry.second;
            CAPTURE(text);
            check_problem(parse_listener(text, "9000"), words);
        }
    }

    TEST_CASE("a URL is told, but not shown, as it may hold a password")
    {
        for (const std::string text :
             {"redis://:hunter2@10.0.0.1:6379", "hunter2@10.0.0.1:6379", "tcp://hunter2:1"}) {
            const auto address = parse_listener(text, "9000");
            check_problem(address, "write host:port alone");
            CHECK(address.error().text.find("hunter2") == std::string::npos);
        }
    }

    TEST_CASE("only loopback addresses and UNIX sockets are local")
    {
        for (const std::string text :
             {"127.0.0.1:1",
              "127.8.8.8:1",
              "[::1]:1",
              "[::ffff:127.0.0.1]:1",
              "localhost:1",
              "LocalHost:1",
              "unix:/x"}) {
            CAPTURE(text);
            CHECK(is_local(parse_listener(text, "1").value()));
        }
        for (const std::string text :
             {"0.0.0.0:1",
              "10.0.0.1:1",
              "[::]:1",
              "[2001:db8::1]:1",
              "127.example.org:1",
              "lb:1"}) {
            CAPTURE(text);
            CHECK_FALSE(is_local(parse_listener(text, "1").value()));
        }
    }
}
