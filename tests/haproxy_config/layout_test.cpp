#include "haproxy_config/layout.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace spoa;
using namespace spoa::haproxy_config;

TEST_SUITE("haproxy_config/layout")
{
    TEST_CASE("HAProxy finds the agent where it listens")
    {
        struct Case {
            std::string listen;
            std::string server;
        };
        const std::vector<Case> cases{
            {"127.0.0.1:9000", "127.0.0.1:9000"},
            {"192.0.2.7:9000", "192.0.2.7:9000"},
            {"[2001:db8::1]:9000", "[2001:db8::1]:9000"},
            {"localhost:9000", "localhost:9000"},
            {"0.0.0.0:9000", "127.0.0.1:9000"},  // nothing can connect to a wildcard
            {"[::]:9000", "[::1]:9000"},
            {"unix:/run/sentinel-spoa/spop.sock", "unix@/run/sentinel-spoa/spop.sock"},
            {"unix:/var/lib/haproxy/spop.sock", "unix@/spop.sock"},  // as seen from the chroot
            {"unix:/var/lib/haproxy2/spop.sock", "unix@/var/lib/haproxy2/spop.sock"},
        };
        for (const auto& c : cases) {
            CAPTURE(c.listen);
            CHECK(agent_address(parse_socket_address(c.listen).value()) == c.server);
        }
    }

    TEST_CASE("only a socket outside the chroot is out of HAProxy's reach")
    {
        const auto reachable = [](const char* listen) {
            return reachable_from_chroot(parse_socket_address(listen).value());
        };
        CHECK(reachable("127.0.0.1:9000"));
        CHECK(reachable("unix:/var/lib/haproxy/spop.sock"));
        CHECK_FALSE(reachable("unix:/var/lib/haproxy2/spop.sock"));
        CHECK_FALSE(reachable("unix:/run/sentinel-spoa/spop.sock"));
    }

    TEST_CASE("the first frontend stays clear of Redis' own port")
    {
        CHECK(port_of(0) == 16379);
        CHECK(port_of(1) == 16380);
    }
}
