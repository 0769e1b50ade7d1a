#include "config/reachable.hpp"

#include "config/told.hpp"

#include <string>

using namespace spoa;
using spoa::test::check_each;
using spoa::test::good_sentinels;
using spoa::test::told;

namespace {

const std::string rest =
    "masters: [{name: a, servers: {R1: 10.0.0.1:6379, R2: R2:6379}, redis: {}}]\n" + good_sentinels;

}  // namespace

TEST_SUITE("config/reachable")
{
    TEST_CASE("an announced address is reached at another")
    {
        const auto loaded = config::load_text(
            "reachable:\n  10.0.0.1:6379: 192.0.2.1:16379\n  r2:6379: \"[2001:db8::1]:6379\"\n" +
                rest,
            ".");
        CHECK(told(loaded).empty());
        const auto& reachable = loaded.config.reachable;
        REQUIRE(reachable.size() == 2);
        CHECK(to_string(reachable[0].first) == "10.0.0.1:6379");
        CHECK(to_string(reachable[0].second) == "192.0.2.1:16379");
        CHECK(to_string(reachable[1].second) == "[2001:db8::1]:6379");
        CHECK(told("reachable:\n" + rest).empty());
    }

    TEST_CASE("what is no pair of addresses is told at its place")
    {
        check_each(
            {{"reachable: [a:1]", "1:12: error", {"reachable: expected a mapping", "a list"}},
             {"reachable: {10.0.0.1: b:2}",
              "1:13: error",
              {"reachable: '10.0.0.1' has no port; write 10.0.0.1:6379"}},
             {"reachable: {10.0.0.1:6379: b}",
              "1:28: error",
              {"reachable '10.0.0.1:6379': 'b' has no port; write b:6379"}},
             {"reachable: {10.0.0.1:6379: [b:1]}", "1:28: error", {"expected host:port"}},
             {"reachable:\n  R2:6379: b:1\n  r2:6379: b:2",
              "3:3: error",
              {"duplicate address r2:6379, first on line 2"}},
             {"reachable:\n  r2:6379: b:1\n  r2:6379: b:2", "3:3: error", {"duplicate key"}}},
            rest);
    }

    TEST_CASE("an address that nobody asks is warned of")
    {
        check_each(
            {{"reachable: {10.0.0.9:6379: b:1}",
              "1:13: warning",
              {"without effect, as 10.0.0.9:6379 is no server of a master with redis"}}},
            rest);
        check_each(
            {{"reachable: {10.0.0.1:6379: b:1}", "1:13: warning", {"without effect"}}},
            good_sentinels + test::good_masters);
        CHECK(
            told(
                "reachable: {10.0.0.9:6379: b:1}\nmasters: [{name: a, redis: {}}]\n" +
                good_sentinels)
                .size() == 1);  // no servers, which is told already: any node may come
    }
}
