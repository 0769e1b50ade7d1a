#include "twemproxy/pools.hpp"

#include "twemproxy/texts.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace spoa;
using spoa::test::pool_with;
using twemproxy::parse_server_entry;

namespace {

std::string why_not(const std::string& text)
{
    const auto pools = twemproxy::read_pools(text);
    REQUIRE(!pools.has_value());
    return pools.error().text;
}

bool has(const std::string& text, std::string_view words)
{
    CAPTURE(text);
    return text.find(words) != std::string::npos;
}

}  // namespace

TEST_SUITE("twemproxy/pools")
{
    TEST_CASE("a server is read from its end, as nutcracker does")
    {
        const auto entry = parse_server_entry("2001:db8::1:6379:10 R1");
        REQUIRE(entry.has_value());
        CHECK(entry->address == "2001:db8::1:6379");
        CHECK(entry->weight == "10");
        CHECK(entry->name == "R1");
        CHECK(parse_server_entry("/run/redis.sock:1 R1")->address == "/run/redis.sock");
        CHECK(parse_server_entry("10.0.0.1:6379:1")->name.empty());
        CHECK(parse_server_entry("10.0.0.1:6379:1 a:b")->name == "a:b");
    }

    TEST_CASE("what nutcracker refuses is no server")
    {
        for (const auto* const text :
             {"",
              " ",
              "R1",
              "10.0.0.1",
              "10.0.0.1:6379",
              "10.0.0.1:6379:one",
              "10.0.0.1:6379:",
              "10.0.0.1:6379:1  R1",
              "10.0.0.1:6379:1 my name",
              "10.0.0.1:6379:1\tR1",
              ":6379:1",
              "10.0.0.1:6379:1 ",
              "host name:6379:1 R1"}) {
            CAPTURE(text);
            CHECK(!parse_server_entry(text).has_value());
        }
    }

    TEST_CASE("a pool with its listener and its password")
    {
        const auto pools = twemproxy::read_pools(
            "a:\n  listen: /run/n.sock 0666\n  redis: true\n  redis_auth: secret\n"
            "  servers:\n   - a:1:1\n   - b:2:2 B\n"
            "b:\n  listen: 127.0.0.1:22122\n  servers: [c:1:1]\n");
        REQUIRE(pools.has_value());
        REQUIRE(pools->size() == 2);
        const auto& pool = pools->front();
        CHECK(pool.listen == "/run/n.sock");
        CHECK(pool.redis);
        CHECK(pool.redis_auth.reveal() == "secret");
        REQUIRE(pool.servers.size() == 2);
        CHECK(pool.servers[1].line == 7);
        CHECK(pool.find_server("B").value() == 1);
        CHECK(pool.find_server("1").value() == 0);
        CHECK(!pools->back().redis);
    }

    TEST_CASE("each refusal says where, and what to do")
    {
        const auto good = pool_with("a:6379:1 R1");
        CHECK(has(why_not(""), "it is empty"));
        CHECK(has(why_not("# nothing\n"), "the file is empty"));
        CHECK(has(why_not("- a\n"), "expected pools"));
        CHECK(has(why_not("p: 1\n"), "line 1: expected a pool with its settings"));
        CHECK(has(why_not("p:\n  listen: a:1\n"), "the pool has no `servers`"));
        CHECK(has(why_not("p:\n  servers:\n  - a:1:1\n"), "the pool has no `listen`"));
        CHECK(has(
            why_not(pool_with("a:6379:1 my name")), "line 5: this is no server; nutcracker wants"));
        CHECK(
            has(why_not(good + "p:\n  listen: b:1\n  servers: [a:1:1]\n"),
                "line 6: this pool has the name of another; rename one"));
        CHECK(
            has(why_not(good + "q:\n  listen: 127.0.0.1:22121\n  servers: [a:1:1]\n"),
                "line 6: this pool listens where another one does; give it another port"));
        CHECK(
            has(why_not(good + "  redis: false\n  redis: true\n"),
                "this key stands twice in its pool"));
        CHECK(has(why_not("p:\n\tlisten: a:1\n"), "indent with blanks, not with tabs"));
        CHECK(has(why_not(good + "# \xff\n"), "not UTF-8"));
        CHECK(has(why_not(good + std::string(1, '\0')), "control character"));
        CHECK(has(why_not("p: [\n"), "not valid YAML"));
    }

    TEST_CASE("a pool or a server that is not there is told with the lines of those that are")
    {
        const auto pools =
            twemproxy::read_pools("redis_stack:\n  listen: a:1\n  servers: [a:1:1 R1, b:1:1 R2]\n")
                .value();
        CHECK(
            twemproxy::find_pool(pools, "redis_stak").error().text ==
            "it has no pool 'redis_stak'; the names of its pools are on line 1");
        CHECK(has(pools[0].find_server("").error().text, "has 2 servers; say in `pools`"));
        CHECK(has(pools[0].find_server("3").error().text, "no server '3' among its 2"));
        CHECK(has(pools[0].find_server("R9").error().text, "no server 'R9'"));
    }
}
