#include "config/section.hpp"

#include "config/told.hpp"

#include <string>

using namespace spoa;
using spoa::test::check_each;
using spoa::test::check_one;
using spoa::test::good_masters;
using spoa::test::good_sentinels;
using spoa::test::told;

namespace {

const std::string rest = good_sentinels + good_masters;

}  // namespace

TEST_SUITE("config/section")
{
    TEST_CASE("an unknown key is told with the key that was meant")
    {
        check_each(
            {{"spopp: {threads: 2}", "1:1: error", {"'spopp' at the top level", "mean 'spop'?"}},
             {"spop:\n  lsiten: 127.0.0.1:1", "2:3: error", {"'lsiten' in spop", "mean 'listen'?"}},
             {"http: {Listen: 127.0.0.1:1}", "1:8: error", {"'Listen' in http", "mean 'listen'?"}},
             {"log:\n  levle: info", "2:3: error", {"'levle' in log", "mean 'level'?"}}},
            rest);
        check_each(
            {{"sentinels:\n  adresses: [a:1, b:1, c:1]",
              "2:3: error",
              {"unknown key 'adresses' in sentinels; did you mean 'addresses'?"}}},
            good_masters);
        check_each(
            {{"masters:\n  - nam: x\n    servers: {a: a:1}",
              "2:5: error",
              {"'nam' in masters", "did you mean 'name'?"}},
             {"masters:\n  - {name: x, servers: {a: a:1}, policy: {noquorum: hold}}",
              "2:43: error",
              {"'noquorum' in masters.policy", "did you mean 'no_quorum'?"}}},
            good_sentinels);
    }

    TEST_CASE("an unknown key unlike all others is told with the known ones")
    {
        check_each(
            {{"colour: blue",
              "1:1: error",
              {"'colour' at the top level",
               "known: spop, http, sentinels, masters, haproxy, twemproxy, reachable, state_file, lookup_interval "
               "and log"}},
             {"log: {x: 1}", "1:7: error", {"known: level and format"}},
             {"http:\n  port: 1", "2:3: error", {"known: listen"}}},
            rest);
        check_each(
            {{"masters:\n  - {name: x, servers: {a: a:1}, shards: {}}",
              "2:34: error",
              {"'shards' in masters",
               "known: name, servers, connect, redis, policy and replicas"}}},
            good_sentinels);
    }

    TEST_CASE("a key without a blank after its colon is told so, without its value")
    {
        check_one(
            told("sentinels: {password:hunter2, addresses: [a:1, b:1, c:1]}\n" + good_masters),
            "1:13: error",
            {"unknown key 'password…' in sentinels; write a blank after the colon"});
    }

    TEST_CASE("what stands under a misspelled key is checked too")
    {
        const auto lines = told("sentinel:\n  adresses: [a:1, b:1, b]\n" + good_masters);
        REQUIRE(lines.size() == 3);
        CHECK(lines[0].starts_with("f:1:1: error: unknown key 'sentinel'"));
        CHECK(lines[1].starts_with("f:2:3: error: unknown key 'adresses'"));
        CHECK(lines[2].starts_with("f:2:24: error: sentinels.addresses: 'b' has no port"));
    }

    TEST_CASE("a value of the wrong type is told with what was expected and what was found")
    {
        check_each(
            {{"spop: [x]", "1:7: error", {"spop: expected a mapping", "found a list"}},
             {"http: x", "1:7: error", {"http: expected a mapping", "found a text"}},
             {"spop:\n  threads: [1]", "2:12: error", {"a whole number, found a list"}},
             {"spop:\n  threads: two", "2:12: error", {"a whole number, found 'two'"}},
             {"spop:\n  threads: 1.5", "2:12: error", {"a whole number, found '1.5'"}},
             {"spop:\n  threads: -1", "2:12: error", {"a whole number, found '-1'"}},
             {"spop:\n  threads:\n", "2:3: error", {"a whole number, found nothing"}},
             {"spop: {listen: {a: b}}", "1:16: error", {"host:port", "found a mapping"}},
             {"spop: {listen: [[a]]}", "1:17: error", {"host:port", "found a list"}},
             {"log: {level: {}}", "1:14: error", {"info, warning or error, found a mapping"}},
             {"log: {format: ~}", "1:7: error", {"expected text or json, found nothing"}},
             {"? [a]\n: b", "1:3: error", {"a key at the top level is not a text"}}},
            rest);
    }

    TEST_CASE("IPv6 brackets without quotes are a list of YAML, and told as such")
    {
        check_each(
            {{"spop: {listen: [[::1]:9000]}", "1:17: error", {"an IPv6 address in quotes"}},
             {"spop: {listen: [::1]}", "1:17: error", {"'::1'", "write \"[::1]:9000\""}}},
            rest);
    }

    TEST_CASE("a key that comes twice is told with the line of the first")
    {
        check_each(
            {{"spop: {threads: 1}\nspop: {threads: 2}",
              "2:1: error",
              {"duplicate key 'spop' at the top level; first on line 1"}},
             {"log:\n  level: info\n  format: text\n  level: info",
              "4:3: error",
              {"duplicate key 'level' in log; first on line 2"}}},
            rest);
    }

    TEST_CASE("a section with nothing in it has the defaults")
    {
        CHECK(told("spop:\n  # threads: 2\nhttp: {}\nlog: ~\n" + rest).empty());
    }

    TEST_CASE("aliases and merge keys may yield known keys")
    {
        const auto loaded = config::load_text(
            "sentinels:\n"
            "  addresses: &nodes [10.0.0.1:26379, 10.0.0.2:26379, 10.0.0.3:26379]\n"
            "masters:\n"
            "  - &first\n"
            "    name: a\n"
            "    servers: &servers {R1: 10.0.0.1:6379, R2: 10.0.0.2:6379}\n"
            "    policy: {no_quorum: refuse}\n"
            "  - <<: *first\n"
            "    name: b\n"
            "  - <<: [*first, {servers: {X: x:1}}]\n"
            "    name: c\n"
            "    servers: {<<: *servers, R2: 10.0.0.9:6379, R3: 10.0.0.3:6379}\n",
            ".");
        CHECK(test::told(loaded).empty());
        const auto& masters = loaded.config.masters;
        REQUIRE(masters.size() == 3);
        CHECK(masters[1].name == "b");
        CHECK(masters[1].servers == masters[0].servers);
        CHECK(masters[1].policy.no_quorum == verdict::NoQuorum::refuse);
        REQUIRE(masters[2].servers.size() == 3);
        CHECK(masters[2].servers[0].address.host == "10.0.0.9");
        CHECK(masters[2].servers[2].name == "R1");
    }

    TEST_CASE("a merge key that names no mapping is told")
    {
        check_each(
            {{"spop: {<<: x}", "1:12: error", {"spop: expected a mapping", "found a text"}},
             {"spop: {<<: [x]}", "1:13: error", {"spop: expected a mapping", "found a text"}},
             {"log: {<<: {levle: info}}", "1:12: error", {"unknown key 'levle' in log"}}},
            rest);
    }

    TEST_CASE("an error behind an alias is told once")
    {
        const auto lines = told(
            "masters:\n"
            "  - {name: a, servers: {R1: a:1}, policy: &p {no_quorum: maybe}}\n"
            "  - {name: b, servers: {R1: a:1}, policy: *p}\n" +
            good_sentinels);
        check_one(lines, "2:58: error", {"expected hold or refuse, found 'maybe'"});
    }
}
