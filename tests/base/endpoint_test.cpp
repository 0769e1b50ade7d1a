#include "base/endpoint.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace spoa;
using namespace std::string_view_literals;

TEST_SUITE("base/endpoint")
{
    TEST_CASE("host and port are read as people write them")
    {
        struct Case {
            std::string text;
            Endpoint endpoint;
        };
        const std::vector<Case> cases{
            {"10.0.0.1:6379", {"10.0.0.1", 6379}},
            {"redis-1.example.org:1", {"redis-1.example.org", 1}},
            {"redis_1:65535", {"redis_1", 65535}},
            {"[::1]:6379", {"::1", 6379}},
            {"[2001:db8::1]:26379", {"2001:db8::1", 26379}},
        };
        for (const auto& c : cases) {
            CAPTURE(c.text);
            CHECK(parse_endpoint(c.text).value() == c.endpoint);
            CHECK(to_string(c.endpoint) == c.text);
        }
    }

    TEST_CASE("what is no host and port is refused")
    {
        for (const std::string text :
             {"",
              ":",
              "a",
              "a:",
              ":6379",
              "a:0",
              "a:65536",
              "a:99999999999999999999",
              "a:-1",
              "a:+1",
              "a: 1",
              "a:1 ",
              "a:1x",
              "a:0x1",
              "a b:1",
              " a:1",
              "a\t:1",
              "a\n:1",
              "a\x7f:1",
              "::1:6379",
              "::1",
              "[::1]",
              "[::1]6379",
              "[::1:6379",
              "::1]:6379",
              "[]:6379",
              "[10.0.0.1]:6379",
              "[redis]:6379",
              "[[::1]]:6379"}) {
            CAPTURE(text);
            CHECK_FALSE(parse_endpoint(text).has_value());
        }
        CHECK_FALSE(parse_endpoint("a\0b:1"sv).has_value());
        CHECK_FALSE(parse_endpoint("[::1\0]:1"sv).has_value());
    }

    TEST_CASE("a host and a port that Sentinel gives apart make the same endpoint")
    {
        CHECK(make_endpoint("10.0.0.1", "6379").value() == Endpoint{"10.0.0.1", 6379});
        CHECK(make_endpoint("2001:db8::1", "6379").value() == Endpoint{"2001:db8::1", 6379});
        CHECK(make_endpoint("redis-1", "6379").value() == Endpoint{"redis-1", 6379});

        CHECK_FALSE(make_endpoint("", "6379").has_value());
        CHECK_FALSE(make_endpoint("10.0.0.1", "").has_value());
        CHECK_FALSE(make_endpoint("10.0.0.1", "0").has_value());
        CHECK_FALSE(make_endpoint("10.0.0.1", "65536").has_value());
        CHECK_FALSE(make_endpoint("[::1]", "6379").has_value());
        CHECK_FALSE(make_endpoint("10.0.0.1\0"sv, "6379").has_value());
    }

    TEST_CASE("a host with a colon is IPv6 or nothing, so that what is printed can be read again")
    {
        for (const std::string host : {"a:b", "1:2", "fe80::1::2", "10.0.0.1:6379"}) {
            CAPTURE(host);
            CHECK_FALSE(make_endpoint(host, "6379").has_value());
        }
    }

    TEST_CASE("equal addresses compare equal however they were written")
    {
        CHECK(
            make_endpoint("2001:DB8:0:0:0:0:0:1", "1").value() ==
            make_endpoint("2001:db8::1", "1").value());
        CHECK(make_endpoint("0:0:0:0:0:0:0:1", "1").value().host == "::1");
        CHECK(parse_endpoint("[2001:0db8::0001]:1").value().host == "2001:db8::1");
        CHECK(
            make_endpoint("::ffff:10.0.0.1", "1").value() ==
            make_endpoint("::ffff:a00:1", "1").value());
    }

    TEST_CASE("a long host is a name and no address")
    {
        const std::string name(253, 'a');
        CHECK(make_endpoint(name, "1").value().host == name);
        CHECK_FALSE(make_endpoint(name + 'a', "1").has_value());
        CHECK(ip_version(name) == IpVersion::none);
        CHECK(ip_version(std::string(300, ':')) == IpVersion::none);
    }

    TEST_CASE("only whole addresses have an IP version")
    {
        CHECK(ip_version("10.0.0.1") == IpVersion::v4);
        CHECK(ip_version("255.255.255.255") == IpVersion::v4);
        CHECK(ip_version("::") == IpVersion::v6);
        CHECK(ip_version("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255") == IpVersion::v6);
        for (const std::string host :
             {"",
              "redis",
              "10.0.0",
              "10.0.0.256",
              "10.0.0.1.1",
              "010.0.0.1",
              "0x0a.0.0.1",
              "10.0.0.1 ",
              "[::1]",
              "::g",
              "fe80::1%eth0"}) {
            CAPTURE(host);
            CHECK(ip_version(host) == IpVersion::none);
        }
    }

    TEST_CASE("an address and a NUL is no address")
    {
        CHECK(ip_version("10.0.0.1\0"sv) == IpVersion::none);
        CHECK(ip_version("::1\0junk"sv) == IpVersion::none);
    }

    TEST_CASE("a listener is TCP or a UNIX socket")
    {
        CHECK(
            parse_socket_address("127.0.0.1:9001").value() ==
            SocketAddress{{"127.0.0.1", 9001}, {}});
        const auto local = parse_socket_address("unix:/run/agent.sock").value();
        CHECK(local == SocketAddress{{}, "/run/agent.sock"});
        CHECK(to_string(local) == "unix:/run/agent.sock");
        CHECK(to_string(SocketAddress{{"::1", 9001}, {}}) == "[::1]:9001");
    }

    TEST_CASE("a UNIX path is absolute and fits the kernel's 107 bytes")
    {
        CHECK(parse_socket_address("unix:/" + std::string(106, 'a')).has_value());
        CHECK_FALSE(parse_socket_address("unix:/" + std::string(107, 'a')).has_value());
        CHECK_FALSE(parse_socket_address("unix:").has_value());
        CHECK_FALSE(parse_socket_address("unix:run/agent.sock").has_value());
        CHECK_FALSE(parse_socket_address("unix:9001").has_value());
    }
}
