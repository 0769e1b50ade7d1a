#include "twemproxy/edit.hpp"

#include "twemproxy/pools.hpp"
#include "twemproxy/texts.hpp"

#include <doctest/doctest.h>

#include <array>
#include <fstream>
#include <iterator>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

using namespace spoa;
using spoa::test::edited;
using spoa::test::endpoint;
using spoa::test::pool_with;
using spoa::test::refusal;
using spoa::test::replaced;
using twemproxy::Target;

namespace {

// A file in tests/twemproxy/files, the server that follows, and which occurrence of its address
// in the file is the one to replace.
struct Example {
    const char* file;
    const char* pool;
    const char* server;
    const char* address;
    int occurrence;
};

constexpr std::array examples = std::to_array<Example>({
    {"seed", "redis_stack", "", "127.0.0.1:6379", 1},
    {"seed_no_last_newline", "redis_stack", "R1", "127.0.0.1:6379", 1},
    {"seed_crlf", "redis_stack", "R1", "127.0.0.1:6379", 1},
    {"seed_bom", "redis_stack", "", "127.0.0.1:6379", 1},
    {"seed_bom_crlf", "redis_stack", "", "127.0.0.1:6379", 1},
    {"seed_mixed_line_ends", "redis_stack", "", "127.0.0.1:6379", 1},
    {"single_quotes", "redis_stack", "R1", "127.0.0.1:6379", 1},
    {"double_quotes", "redis_stack", "R1", "127.0.0.1:6379", 1},
    {"comment_behind", "redis_stack", "R1", "127.0.0.1:6379", 1},
    {"comment_before", "redis_stack", "R1", "127.0.0.1:6379", 2},
    {"comments_everywhere", "redis_stack", "R1", "127.0.0.1:6379", 12},
    {"comment_between", "redis_stack", "R1", "127.0.0.1:6379", 2},
    {"comment_utf8", "redis_stack", "R1", "127.0.0.1:6379", 1},
    {"trailing_blanks", "redis_stack", "R1", "127.0.0.1:6379", 1},
    {"tab_before_comment", "redis_stack", "R1", "127.0.0.1:6379", 1},
    {"tab_after_colon", "redis_stack", "R1", "127.0.0.1:6379", 1},
    {"many_blanks_after_dash", "redis_stack", "R1", "127.0.0.1:6379", 1},
    {"list_without_indent", "redis_stack", "R1", "127.0.0.1:6379", 1},
    {"deep_indent", "redis_stack", "R1", "127.0.0.1:6379", 1},
    {"servers_first", "cache", "master", "10.20.0.5:6379", 1},
    {"five_pools_only_server", "alpha", "", "127.0.0.1:6379", 1},
    {"five_pools_by_name", "beta", "server3", "127.0.0.1:6382", 1},
    {"five_pools_by_number", "beta", "4", "127.0.0.1:6383", 1},
    {"five_pools_unnamed_by_number", "gamma", "2", "127.0.0.1:11213", 1},
    {"five_pools_unix_listener", "omega", "1", "127.0.0.1:11214", 1},
    {"pool_of_same_address", "other", "R1", "127.0.0.1:6379", 2},
    {"same_address_in_listen", "redis_stack", "R1", "127.0.0.1:6379", 2},
    {"prefix_of_another", "p", "b", "10.0.0.1:6379", 1},
    {"same_address_twice", "p", "b", "10.0.0.1:6379", 2},
    {"ipv6", "p", "v6", "2001:db8::a:6379", 1},
    {"ipv6_quoted", "p", "v6", "::1:6379", 1},
    {"ipv6_brackets", "p", "v6", "[2001:db8::a]:6379", 1},
    {"unix_socket", "p", "local", "/run/redis/redis-server.sock", 1},
    {"unix_socket_unnamed", "p", "", "/run/redis/redis-server.sock", 1},
    {"host_name", "sessions", "session-1", "redis-1.internal.example.com:6379", 1},
    {"weights", "p", "shard_6", "10.1.0.6:6379", 1},
    {"pool_with_blanks", "my sessions pool", "R1", "10.0.0.1:6379", 1},
    {"pool_quoted", "eu:sessions", "R1", "10.0.0.1:6379", 1},
    {"keys_quoted", "p", "R1", "10.0.0.1:6379", 1},
    {"name_utf8", "p", "główny", "10.0.0.1:6379", 1},
    {"name_like_an_address", "p", "10.0.0.1:6379", "10.0.0.1:6379", 1},
    {"name_is_a_number", "p", "2", "10.0.0.1:6379", 1},
    {"unknown_keys", "redis_stack", "R1", "127.0.0.1:6379", 1},
    {"anchor", "redis_stack", "R1", "127.0.0.1:6379", 1},
    {"anchor_quoted_tag", "redis_stack", "R1", "127.0.0.1:6379", 1},
    {"anchors_elsewhere", "q", "R1", "10.0.0.1:6379", 2},
    {"flow_list", "p", "R2", "10.0.0.2:6379", 1},
    {"flow_everything", "p", "R1", "10.0.0.1:6379", 1},
    {"document_markers", "redis_stack", "R1", "127.0.0.1:6379", 1},
    {"over_two_lines", "redis_stack", "R1", "127.0.0.1:6379", 1},
    {"memcached_beside", "redis_stack", "R1", "127.0.0.1:6379", 1},
    {"ansible", "users", "users-2", "users-2.cache.local:6379", 1},
    {"thousand_servers", "big", "shard0777", "10.3.27.7:6379", 1},
    {"secret_like_the_address", "redis_stack", "R1", "127.0.0.1:6379", 2},
    {"long_line", "redis_stack", "R1", "127.0.0.1:6379", 1},
});

std::string read(const std::string& name)
{
    std::ifstream file(std::string(SPOA_TWEMPROXY_FILES) + "/" + name + ".yml", std::ios::binary);
    REQUIRE(file);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_SUITE("twemproxy/edit")
{
    TEST_CASE("of fifty real-looking files nothing but the one address changes")
    {
        for (const auto& example : examples) {
            const std::string file = example.file;
            CAPTURE(file);
            const auto text = read(example.file);
            for (const auto* const address : {"192.168.10.20:6379", "redis-2:16379"}) {
                const auto out = edited(text, {{example.pool, example.server, endpoint(address)}});
                CHECK(out.text == replaced(text, example.address, address, example.occurrence));
                CHECK(out.changes.size() == 1);
            }
            // IPv6 is written without brackets, as nutcracker wants it.
            const auto v6 =
                edited(text, {{example.pool, example.server, endpoint("[2001:db8::b]:6379")}});
            CHECK(
                v6.text == replaced(text, example.address, "2001:db8::b:6379", example.occurrence));
        }
    }

    TEST_CASE("an edit and its reverse give the file as it was")
    {
        for (const auto& example : examples) {
            const std::string file = example.file;
            CAPTURE(file);
            const auto text = read(example.file);
            const auto there = edited(text, {{example.pool, example.server, endpoint("x:1")}});
            const auto pools = twemproxy::read_pools(text).value();
            const auto& pool = pools[twemproxy::find_pool(pools, example.pool).value()];
            const auto& entry = pool.servers[pool.find_server(example.server).value()].entry;
            if (entry.address.front() == '/' || entry.address.front() == '[')
                continue;  // no address that a Sentinel could announce, or not as we write it
            const auto colon = entry.address.rfind(':');
            const auto old =
                make_endpoint(entry.address.substr(0, colon), entry.address.substr(colon + 1));
            CHECK(edited(there.text, {{example.pool, example.server, *old}}).text == text);
        }
    }

    TEST_CASE("what is right already stays, however the address is written")
    {
        for (const auto& [in_file, master] : std::vector<std::pair<std::string, std::string>>{
                 {"10.0.0.1:6379", "10.0.0.1:6379"},
                 {"2001:db8::a:6379", "[2001:db8::a]:6379"},
                 {"2001:DB8:0::a:6379", "[2001:db8::a]:6379"},
                 {"[2001:db8::a]:6379", "[2001:db8::a]:6379"}}) {
            CAPTURE(in_file);
            const auto text = pool_with("'" + in_file + ":1 R1'");
            const auto out = edited(text, {{"p", "R1", endpoint(master)}});
            CHECK(out.text == text);
            CHECK(out.changes.empty());
        }
    }

    TEST_CASE("several servers of several pools change at once")
    {
        const auto text = read("five_pools_by_name");
        const auto out = edited(
            text,
            {{"alpha", "", endpoint("10.9.9.9:1")},
             {"beta", "server4", endpoint("a-longer-name.example.com:16383")},
             {"beta", "server1", endpoint("b:1")},
             {"beta", "server2", endpoint("127.0.0.1:6381")}});
        CHECK(out.changes.size() == 3);
        auto wanted = replaced(text, "127.0.0.1:6379", "10.9.9.9:1", 1);
        wanted = replaced(wanted, "127.0.0.1:6383", "a-longer-name.example.com:16383", 1);
        CHECK(out.text == replaced(wanted, "127.0.0.1:6380", "b:1", 1));
    }

    TEST_CASE("a thousand servers that all move")
    {
        std::string text = "p:\n  listen: 127.0.0.1:1\n  redis: true\n  servers:\n";
        std::string wanted = text;
        std::vector<Target> targets;
        for (int i = 0; i < 1000; ++i) {
            const auto name = "shard" + std::to_string(i);
            text += "   - 10.0.0.1:6379:1 " + name + "\n";
            wanted += "   - 10.0.0.22:6379:1 " + name + "\n";
            targets.push_back({"p", name, endpoint("10.0.0.22:6379")});
        }
        CHECK(edited(text, targets).text == wanted);
    }

    TEST_CASE("the difference shows the server, and never a password")
    {
        const auto out =
            edited(read("seed_crlf"), {{"redis_stack", "", endpoint("192.168.10.20:6379")}});
        CHECK(
            twemproxy::to_diff(out) ==
            "@@ line 12, pool redis_stack @@\n"
            "-127.0.0.1:6379:1 R1\n"
            "+192.168.10.20:6379:1 R1\n");
        const auto flow = edited(
            "p: {redis_auth: secret, listen: a:1, servers: [a:1:1]}", {{"p", "", endpoint("b:1")}});
        CHECK(twemproxy::to_diff(flow).find("secret") == std::string::npos);
    }

    TEST_CASE("the server of an anchor that is used elsewhere is not changed")
    {
        const std::string rest =
            "\nq:\n  listen: 127.0.0.1:2\n  redis: true\n  servers:\n   - *master\n";
        const auto text = pool_with("&master 10.0.0.1:6379:1 R1") + rest;
        CHECK(refusal(text, {{"p", "", endpoint("b:1")}}).find("alias") != std::string::npos);
        CHECK(refusal(text, {{"q", "", endpoint("b:1")}}).find("alias") != std::string::npos);
    }

    TEST_CASE("a server written with escapes or as a block is not changed")
    {
        for (const auto* const server :
             {"\"10.0.0.\\x31:6379:1 R1\"",
              ">\n     10.0.0.1:6379:1 R1",
              "|-\n     10.0.0.1:6379:1 R1"}) {
            CAPTURE(server);
            CHECK(
                refusal(pool_with(server), {{"p", "", endpoint("b:1")}})
                    .find("write it out on one line") != std::string::npos);
        }
    }

    TEST_CASE("an address that would read as something else is not written")
    {
        for (const auto* const server :
             {"10.0.0.1:6379:1 R1", "'10.0.0.1:6379:1 R1'", "\"10.0.0.1:6379:1 R1\""})
            for (const auto* const host :
                 {"#",  "x #y", "x: y", "x:",   "x y", "x\ny", "x\n  listen: 0.0.0.0",
                  "\"", "'",    "x'y",  "x\"y", "\\n", "- x",  "&x",
                  "*x", "!x",   "{",    "%",    "@",   "\xff", "\t"}) {
                const std::string written = host;
                CAPTURE(server);
                CAPTURE(written);
                const auto text = pool_with(server);
                const Target target{"p", "", {written, 6379}};
                const auto out = twemproxy::edit(text, std::span(&target, 1));
                if (!out)
                    continue;
                const auto pools = twemproxy::read_pools(out->text).value();
                CHECK(pools[0].servers[0].entry.address == written + ":6379");
                CHECK(pools[0].listen == "127.0.0.1:22121");
                CHECK(out->text == test::replaced(text, "10.0.0.1:6379", written + ":6379", 1));
            }
        const auto plain = pool_with("10.0.0.1:6379:1 R1");
        CHECK(refusal(plain, {{"p", "", {"#x", 1}}}).find("differently") != std::string::npos);
        CHECK(refusal(plain, {{"p", "", {"x y", 1}}}).find("nutcracker") != std::string::npos);
        CHECK(
            refusal(pool_with("'10.0.0.1:6379:1 R1'"), {{"p", "", {"x'y", 1}}})
                .find("differently") != std::string::npos);
    }

    TEST_CASE("two names for one server are refused when their masters differ")
    {
        const auto text = pool_with("10.0.0.1:6379:1 R1");
        CHECK(
            refusal(text, {{"p", "R1", endpoint("b:1")}, {"p", "1", endpoint("c:1")}})
                .find("two names") != std::string::npos);
        // Also when one of them is right: they would take turns.
        CHECK(
            refusal(text, {{"p", "R1", endpoint("10.0.0.1:6379")}, {"p", "1", endpoint("c:1")}})
                .find("two names") != std::string::npos);
        CHECK(
            edited(text, {{"p", "R1", endpoint("b:1")}, {"p", "1", endpoint("b:1")}})
                .changes.size() == 1);
    }

    TEST_CASE("in files made at random nothing but the addresses changes")
    {
        std::minstd_rand random(1);
        for (int round = 0; round < 2000; ++round) {
            const auto made = test::make_file(random);
            CAPTURE(made.text);
            CHECK(edited(made.text, made.targets).text == made.wanted);
        }
    }
}
