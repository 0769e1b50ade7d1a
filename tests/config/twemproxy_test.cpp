#include "config/twemproxy.hpp"

#include "config/told.hpp"

#include <string>

using namespace spoa;
using spoa::test::check_each;
using spoa::test::good_masters;
using spoa::test::good_sentinels;

TEST_SUITE("config/twemproxy")
{
    TEST_CASE("the short form: a pool with one server")
    {
        const auto loaded = config::load_text(
            good_sentinels + good_masters +
                "twemproxy:\n"
                "  - config: /etc/nutcracker/nutcracker.yml\n"
                "    pools: {redis_stack: a}\n"
                "    restart: [systemctl, restart, nutcracker]\n",
            ".");
        CHECK(test::joined(test::told(loaded)) == "");
        REQUIRE(loaded.config.twemproxies.size() == 1);
        const auto& twemproxy = loaded.config.twemproxies.front();
        CHECK(twemproxy.file == "/etc/nutcracker/nutcracker.yml");
        REQUIRE(twemproxy.pools.size() == 1);
        CHECK(twemproxy.pools[0].pool == "redis_stack");
        CHECK(twemproxy.pools[0].server.empty());
        CHECK(twemproxy.pools[0].master == "a");
        CHECK(twemproxy.restart.size() == 3);
        CHECK(twemproxy.restart_timeout == std::chrono::seconds(10));
        CHECK(twemproxy.test.front() == "nutcracker");
        CHECK(!twemproxy.dry_run);
    }

    TEST_CASE("which server of a pool, and all that can be set")
    {
        const auto loaded = config::load_text(
            good_sentinels + good_masters +
                "twemproxy:\n"
                "  - config: n.yml\n"
                "    pools:\n"
                "      my pool: {R1: a, 2: a}\n"
                "      other: a\n"
                "    restart_timeout: 3s\n"
                "    test: [/opt/nutcracker, -t, -c]\n"
                "    dry_run: true\n",
            "/etc/agent");
        CHECK(test::joined(test::told(loaded)) == "");
        REQUIRE(loaded.config.twemproxies.size() == 1);
        const auto& twemproxy = loaded.config.twemproxies.front();
        CHECK(twemproxy.file == "/etc/agent/n.yml");
        REQUIRE(twemproxy.pools.size() == 3);
        CHECK(twemproxy.pools[0].pool == "my pool");
        CHECK(twemproxy.pools[0].server == "R1");
        CHECK(twemproxy.pools[1].server == "2");
        CHECK(twemproxy.restart.empty());
        CHECK(twemproxy.restart_timeout == std::chrono::seconds(3));
        CHECK(twemproxy.test.front() == "/opt/nutcracker");
        CHECK(twemproxy.dry_run);
    }

    TEST_CASE("what is wrong is told with what to write instead")
    {
        check_each(
            {
                {"twemproxy: [{pools: {p: a}, restart: [r]}]", "1:13: error", {"config"}},
                {"twemproxy: [{config: n, restart: [r]}]", "1:13: error", {"pools", "POOL: NAME"}},
                {"twemproxy: [{config: n, pools: {}, restart: [r]}]", "1:32: error", {"no pool"}},
                {"twemproxy: [{config: n, pools: {p: a}}]",
                 "1:13: error",
                 {"restart", "systemctl"}},
                {"twemproxy: [{config: n, pools: {p: a}, restart: systemctl restart n}]",
                 "1:49: error",
                 {"a list", "no shell"}},
                {"twemproxy: [{config: n, pools: {p: b}, restart: [r]}]",
                 "1:36: error",
                 {"pool 'p'", "no master is called 'b'"}},
                {"twemproxy: [{config: n, pools: {p: {R1: b}}, restart: [r]}]",
                 "1:41: error",
                 {"pool 'p' server 'R1'", "no master is called 'b'"}},
                {"twemproxy: [{config: n, pools: {p: a}, restart: [r], dry_run: yes}]",
                 "1:63: error",
                 {"true or false"}},
                {"twemproxy: [{config: n, pools: {p: a}, restart: [r], restart_timeout: 5}]",
                 "1:71: error",
                 {"unit"}},
                {"twemproxy: [{config: n, pools: {p: a}, restart: [r], pool: p}]",
                 "1:54: error",
                 {"did you mean 'pools'"}},
                {"twemproxy:\n- {config: n, pools: {p: a}, restart: [r]}\n"
                 "- {config: ./n, pools: {q: a}, restart: [r]}",
                 "3:12: error",
                 {"duplicate file", "line 2"}},
            },
            good_sentinels + good_masters);
    }
}
