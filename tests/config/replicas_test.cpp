#include "config/replicas.hpp"

#include "config/told.hpp"

#include <string>

using namespace spoa;
using namespace std::chrono_literals;
using spoa::test::check_each;
using spoa::test::good_sentinels;
using spoa::test::told;
using verdict::ReadFallback;

namespace {

const std::string three = "servers: {R1: 10.0.0.1:6379, R2: 10.0.0.2:6379, R3: 10.0.0.3:6379}";

std::string with_replicas(const std::string& replicas)
{
    return "masters: [{name: a, " + three + ", redis: {}, replicas: " + replicas + "}]\n";
}

config::Loaded loaded_with(const std::string& replicas)
{
    return config::load_text(with_replicas(replicas) + good_sentinels, ".");
}

}  // namespace

TEST_SUITE("config/replicas")
{
    TEST_CASE("without the section there are none, and with an empty one the defaults hold")
    {
        const auto without = config::load_text(
            "masters: [{name: a, " + three + ", redis: {}}]\n" + good_sentinels, ".");
        CHECK_FALSE(without.config.masters.at(0).replicas.has_value());

        const auto loaded = loaded_with("{}");
        CHECK(loaded.diagnostics.empty());
        const auto& replicas = loaded.config.masters.at(0).replicas;
        REQUIRE(replicas.has_value());
        CHECK(*replicas == verdict::ReplicaPolicy());
        CHECK(replicas->max_lag == 1'048'576);
        CHECK(replicas->max_lag_time == 1s);
        CHECK(replicas->fallback == ReadFallback::master);
        CHECK_FALSE(replicas->strict);
        CHECK(replicas->weight_of("R1") == 1);
    }

    TEST_CASE("all that may be given")
    {
        const auto loaded = loaded_with(
            "{max_lag: 64KiB, max_lag_time: 2s, fallback: wait, strict: true, "
            "weights: {R1: 0, R2: 3}, prefer: [R2, R3], drain: 10s}");
        CHECK(loaded.diagnostics.empty());
        const auto& replicas = *loaded.config.masters.at(0).replicas;
        CHECK(replicas.max_lag == 65'536);
        CHECK(replicas.max_lag_time == 2s);
        CHECK(replicas.fallback == ReadFallback::wait);
        CHECK(replicas.strict);
        CHECK(replicas.weight_of("R1") == 0);
        CHECK(replicas.weight_of("R2") == 3);
        CHECK(replicas.weight_of("R3") == 1);
        CHECK(replicas.prefer == std::vector<std::string>{"R2", "R3"});
        CHECK(replicas.drain == 10s);
        CHECK(loaded_with("{prefer: R3}").config.masters.at(0).replicas->prefer.size() == 1);
    }

    TEST_CASE("what is wrong is told with its place")
    {
        const auto start = [](const std::string& key) {
            return "1:" + std::to_string(with_replicas("{" + key).size() - 3 + 1) + ": error";
        };
        const auto wrong =
            [&](const std::string& key, const std::string& value, std::vector<std::string> words) {
                return spoa::test::Case{
                    with_replicas("{" + key + value + "}"), start(key), std::move(words)};
            };
        check_each(
            {wrong("max_lag: ", "1", {"replicas.max_lag", "no known unit"}),
             wrong("max_lag: ", "0", {"out of range", "1B"}),
             wrong("max_lag: ", "1MB/s", {"no known unit"}),
             wrong("max_lag: ", "2000GiB", {"too much"}),
             wrong("max_lag_time: ", "100ms", {"out of range; 600ms to 1h"}),
             wrong("fallback: ", "masters", {"did you mean 'master'?"}),
             wrong("strict: ", "yes", {"true or false"}),
             wrong("weights: {", "R4: 1}", {"no server is called 'R4'"}),
             wrong("weights: {R1: ", "101}", {"out of range; 0 to 100"}),
             wrong("weights: ", "{R1: 0, R2: 0, R3: 0}", {"every server has the weight 0"}),
             wrong("prefer: [", "R22]", {"no server is called 'R22'; did you mean 'R2'?"}),
             wrong("drain: ", "1h", {"out of range; 0ms to 10m"}),
             wrong("", "max_lags: 1MiB", {"did you mean 'max_lag'?"})},
            good_sentinels);
    }

    TEST_CASE("lag cannot be known without asking the nodes")
    {
        check_each(
            {{"masters: [{name: a, " + three + ", replicas: {}}]", "1:99: error", {"add redis"}}},
            good_sentinels);
    }

    TEST_CASE("a master with one server has no replica, which is a warning")
    {
        const auto lines = told(
            "masters: [{name: a, servers: {R1: 10.0.0.1:6379}, redis: {}, replicas: {}}]\n" +
            good_sentinels);
        REQUIRE(lines.size() == 1);
        CHECK(lines[0].find("warning") != std::string::npos);
    }

    TEST_CASE("waiting that nobody may do is a warning")
    {
        const auto lines = told(
            "masters: [{name: a, " + three +
            ", redis: {}, policy: {wait: 0}, replicas: {fallback: wait}}]\n" + good_sentinels);
        REQUIRE(lines.size() == 1);
        CHECK(lines[0].find("warning") != std::string::npos);
    }

    TEST_CASE("a backend for reads belongs to a name that offers them, and to one list")
    {
        const auto api = "haproxy: [{runtime_api: unix:/a, backends: {n: a}, read_backends: ";
        const auto good =
            config::load_text(with_replicas("{}") + good_sentinels + api + "{r: a}}]\n", ".");
        CHECK(good.diagnostics.empty());
        const auto& backends = good.config.haproxies.at(0).backends;
        REQUIRE(backends.size() == 2);
        CHECK_FALSE(backends[0].reads);
        CHECK(backends[1].reads);
        CHECK(backends[1].backend == "r");

        check_each(
            {{api + std::string("{r: a}}]"), "1:71: error", {"offers no reads"}}},
            good_sentinels + spoa::test::good_masters);
        check_each(
            {{api + std::string("{n: a}}]"), "1:68: error", {"listed under backends already"}}},
            with_replicas("{}") + good_sentinels);
    }
}
