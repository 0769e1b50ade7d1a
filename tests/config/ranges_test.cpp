#include "config/ranges.hpp"

#include "config/told.hpp"

#include <string>
#include <vector>

using namespace spoa;
using spoa::test::check_each;
using spoa::test::good_sentinels;
using spoa::test::told;

namespace {

std::string with_servers(const std::string& lines)
{
    return "masters:\n  - name: a\n    servers:\n" + lines + '\n';
}

config::Loaded load(const std::string& text)
{
    return config::load_text(text + good_sentinels, ".");
}

std::vector<config::Server> servers(const std::string& lines)
{
    const auto loaded = load(with_servers(lines));
    CHECK_FALSE(loaded.has_errors());
    return loaded.config.masters.at(0).servers;
}

}  // namespace

TEST_SUITE("config/ranges")
{
    using config::Server;

    TEST_CASE("a range stands for a server for each number, at its place in the list")
    {
        CHECK(
            servers("      first: h:1\n      redis-{0..2}: redis-{0..2}.redis-headless:6379") ==
            std::vector<Server>{
                {"first", {"h", 1}},
                {"redis-0", {"redis-0.redis-headless", 6379}},
                {"redis-1", {"redis-1.redis-headless", 6379}},
                {"redis-2", {"redis-2.redis-headless", 6379}}});
        CHECK(
            servers("      R{9..10}b: 10.0.0.{254..255}:{1..2}") ==
            std::vector<Server>{{"R9b", {"10.0.0.254", 1}}, {"R10b", {"10.0.0.255", 2}}});
        CHECK(servers("      R{3..3}: h{0..0}:1") == std::vector<Server>{{"R3", {"h0", 1}}});
        CHECK(
            load("masters: [{name: a, servers: {\"R{1..2}\": \"h{1..2}:1\"}}]\n")
                .config.masters.at(0)
                .servers.size() == 2);
        CHECK(servers("      R{0..63}: h{0..63}:1").size() == 64);
    }

    TEST_CASE("what a range stands for is noted")
    {
        check_each(
            {{with_servers("      R{1..2}: h{5..6}:1"),
              "4:7: note",
              {"masters.servers 'R{1..2}' stands for R1 h5:1, R2 h6:1"}}},
            good_sentinels);
    }

    TEST_CASE("connect counts along, also in a list")
    {
        const auto loaded = load(
            with_servers("      R{1..2}: h{1..2}:1") +
            "    connect:\n      R{1..2}: [\"192.0.2.{1..2}:7000\", \"h{1..2}:1\"]\n");
        CHECK_FALSE(loaded.has_errors());
        CHECK(
            loaded.config.masters.at(0).connect == std::vector<Server>{
                                                       {"R1", {"192.0.2.1", 7000}},
                                                       {"R1", {"h1", 1}},
                                                       {"R2", {"192.0.2.2", 7000}},
                                                       {"R2", {"h2", 1}}});
    }

    TEST_CASE("what is no range is told where it stands, with what to write")
    {
        check_each(
            {{with_servers("      R{1-3}: h{1..3}:1"),
              "4:7: error",
              {"'{1-3}' is no range; write {0..8}"}},
             {with_servers("      R{..3}: h{1..3}:1"), "4:7: error", {"is no range"}},
             {with_servers("      R{1..}: h{1..3}:1"), "4:7: error", {"is no range"}},
             {with_servers("      R{01..03}: h{1..3}:1"), "4:7: error", {"is no range"}},
             {with_servers("      R{-1..3}: h{1..3}:1"), "4:7: error", {"is no range"}},
             {with_servers("      R{0..100000}: h{1..3}:1"), "4:7: error", {"is no range"}},
             {with_servers("      R{3..1}: h{1..3}:1"), "4:7: error", {"counts down"}},
             {with_servers("      R{1..3: h{1..3}:1"), "4:7: error", {"the range has no end"}},
             {with_servers("      R{0..64}: h{0..64}:1"),
              "4:7: error",
              {"has 65 numbers; at most 64 are taken"}},
             {with_servers("      R{1..3}: h:1"), "4:16: error", {"'h:1' has no range"}},
             {with_servers("      R{1..3}: h{1..4}:1"),
              "4:16: error",
              {"'h{1..4}:1' has 4 numbers, and the name has 3"}},
             {with_servers("      R{1..3}: h{1..3}.{1..2}:1"),
              "4:16: error",
              {"the ranges have 3 and 2 numbers"}},
             {with_servers("      R{1..2}{1..2}: h{1..2}:1"),
              "4:7: error",
              {"a name has one range"}},
             {with_servers("      R1: h{1..2}:1"),
              "4:11: error",
              {"the address has a range, and the name has none"}},
             {with_servers("      R{1..2}: {a: \"h{1..2}:1\"}"), "4:16: error", {"has no range"}},
             {with_servers("      R{1..2}: [a:1]"), "4:17: error", {"'a:1' has no range"}}},
            good_sentinels);
    }

    TEST_CASE("a server that comes twice is told once")
    {
        const auto all =
            told(with_servers("      R{1..3}: h{1..3}:1\n      R2: x:1") + good_sentinels);
        REQUIRE(all.size() == 2);
        CHECK(all[0].starts_with("f:4:7: note"));
        CHECK(all[1] == "f:5:7: error: masters.servers: 'R2' is there already, by line 4");
    }

    TEST_CASE("many ranges are bounded together")
    {
        const auto loaded =
            load(with_servers("      a{0..39}: a{0..39}:1\n      b{0..39}: b{0..39}:1"));
        CHECK(loaded.has_errors());
        CHECK(
            test::joined(told(loaded)).find("more than 64 numbers together") != std::string::npos);
    }
}
