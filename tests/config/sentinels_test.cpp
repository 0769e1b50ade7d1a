#include "config/sentinels.hpp"

#include "config/told.hpp"

#include <string>

using namespace spoa;
using namespace std::chrono_literals;
using spoa::test::check_each;
using spoa::test::check_one;
using spoa::test::good_masters;
using spoa::test::told;

namespace {

const std::string three = "  addresses: [10.0.0.1:1, 10.0.0.2:1, 10.0.0.3:1]\n";

// The section with three good addresses and `lines` from line 3 on.
std::string section(const std::string& lines)
{
    return "sentinels:\n" + three + lines;
}

}  // namespace

TEST_SUITE("config/sentinels")
{
    TEST_CASE("every Sentinel is named by host and port")
    {
        check_each(
            {{"sentinels: {poll_interval: 1s}",
              "1:12: error",
              {"key 'addresses' is missing in sentinels", "host:port"}},
             {"sentinels:", "1:1: error", {"key 'addresses' is missing"}},
             {"# nothing", "3:1: error", {"key 'addresses' is missing in sentinels"}},
             {"sentinels: {addresses: []}", "1:24: error", {"the list is empty"}},
             {"sentinels: {addresses: 10.0.0.1:1}", "1:24: error", {"expected a list"}},
             {"sentinels: {addresses: [a:1, b:1, 10.0.0.3]}",
              "1:35: error",
              {"'10.0.0.3' has no port; write 10.0.0.3:26379"}},
             {"sentinels: {addresses: [a:1, b:1, unix:/c]}",
              "1:35: error",
              {"write host:port alone"}},
             {"sentinels: {addresses: [a:1, b:1, c:65536]}", "1:35: error", {"1-65535"}}},
            "\n" + good_masters);
    }

    TEST_CASE("a Sentinel given twice would vote twice")
    {
        check_each(
            {{"sentinels:\n  addresses:\n    - a:1\n    - b:1\n    - a:1",
              "5:7: error",
              {"duplicate Sentinel a:1, first on line 3"}},
             {"sentinels: {addresses: [a:1, A:1, b:1]}", "1:30: error", {"duplicate Sentinel"}}},
            good_masters);
    }

    TEST_CASE("a number of Sentinels that wastes one, or has no majority, is warned of")
    {
        check_each(
            {{"sentinels: {addresses: [a:1]}",
              "1:24: warning",
              {"no majority to count: whatever it says is followed"}},
             {"sentinels: {addresses: [a:1, b:1]}", "1:24: warning", {"both must answer"}},
             {"sentinels: {addresses: [a:1, b:1, c:1, d:1]}",
              "1:24: warning",
              {"4 Sentinels need 3 for a majority, as 5 would"}},
             {"sentinels: {addresses: [a:1, b:1, c:1, d:1, e:1, f:1]}",
              "1:24: warning",
              {"6 Sentinels need 4 for a majority, as 7 would"}}},
            good_masters);
        CHECK(told("sentinels: {addresses: [a:1, b:1, c:1, d:1, e:1]}\n" + good_masters).empty());
    }

    TEST_CASE("times have units and ranges")
    {
        check_each(
            {{section("  poll_interval: 500"),
              "3:18: error",
              {"sentinels.poll_interval: '500' has no unit; write a unit: 500ms, 500s"}},
             {section("  poll_interval: 49ms"), "3:18: error", {"out of range; 50ms to 60s"}},
             {section("  poll_interval: 61s"), "3:18: error", {"out of range; 50ms to 60s"}},
             {section("  poll_interval: 0"), "3:18: error", {"out of range; 50ms to 60s"}},
             {section("  poll_interval: fast"), "3:18: error", {"'fast' is not a duration"}},
             {section("  poll_interval: [1s]"),
              "3:18: error",
              {"duration like 500ms, found a list"}},
             {section("  query_timeout: 9ms"), "3:18: error", {"out of range; 10ms to 60s"}},
             {section("  query_timeout: 2m"), "3:18: error", {"out of range; 10ms to 60s"}},
             {section("  vote_ttl: 0s"), "3:13: error", {"out of range; 1ms to 1h"}},
             {section("  vote_ttl: 2h"), "3:13: error", {"out of range; 1ms to 1h"}}},
            good_masters);
    }

    TEST_CASE("a vote lives longer than it takes to renew it")
    {
        check_each(
            {{section("  vote_ttl: 750ms"),
              "3:13: error",
              {"vote_ttl (750ms) must be longer than poll_interval + query_timeout",
               "(500ms + 250ms = 750ms)"}},
             {section("  poll_interval: 2s"), "3:18: error", {"(1500ms)", "2s + 250ms = 2250ms"}},
             {section("  query_timeout: 1s"), "3:18: error", {"(1500ms)", "500ms + 1s = 1500ms"}},
             {section("  vote_ttl: 1s\n  poll_interval: 1s"), "3:13: error", {"vote_ttl (1s)"}}},
            good_masters);
        CHECK(told(section("  vote_ttl: 751ms\n") + good_masters).empty());
    }

    TEST_CASE("a time that cannot be read is not compared with the others")
    {
        check_one(
            told(section("  poll_interval: x\n  vote_ttl: 1ms\n") + good_masters),
            "3:18: error",
            {"'x' is not a duration"});
    }

    TEST_CASE("every setting arrives")
    {
        const auto loaded = config::load_text(
            section("  poll_interval: 1s\n  query_timeout: 300ms\n  vote_ttl: 5s\n"
                    "  username: agent\n  password: hunter2\n") +
                good_masters,
            ".");
        CHECK(test::told(loaded).empty());
        const auto& sentinels = loaded.config.sentinels;
        CHECK(to_string(sentinels.addresses.at(2)) == "10.0.0.3:1");
        CHECK(sentinels.poll_interval == 1s);
        CHECK(sentinels.query_timeout == 300ms);
        CHECK(sentinels.vote_ttl == 5s);
        CHECK(sentinels.credentials.username == "agent");
        CHECK(sentinels.credentials.password.reveal() == "hunter2");
    }

    TEST_CASE("a name may stand for several Sentinels, and each may have a password of its own")
    {
        const auto loaded = config::load_text(
            "sentinels:\n  password: hunter2\n  addresses:\n"
            "    - {address: sentinels:26379, expect: 2}\n"
            "    - {address: 10.0.0.3:1, password: hunter3}\n" +
                good_masters,
            ".");
        CHECK(test::told(loaded).empty());
        const auto& addresses = loaded.config.sentinels.addresses;
        REQUIRE(addresses.size() == 3);  // so many are N, whatever DNS says
        CHECK(to_string(addresses[0]) == "sentinels:26379#1");
        CHECK(to_string(addresses[1]) == "sentinels:26379#2");
        CHECK_FALSE(addresses[0].own);
        CHECK(to_string(addresses[2]) == "10.0.0.3:1");
        REQUIRE(addresses[2].own);
        CHECK(addresses[2].own->password.reveal() == "hunter3");

        check_one(
            told(
                "sentinels: {addresses: [{address: 10.0.0.1:1, expect: 3}, a:1, b:1]}\n" +
                good_masters),
            "1:55: error",
            {"sentinels.addresses.expect", "10.0.0.1 is one address"});
        check_one(
            told("sentinels: {addresses: [{adress: 10.0.0.1:1}, a:1, b:1]}\n" + good_masters),
            "1:26: error",
            {"'adress'", "did you mean 'address'?"});
    }
}
