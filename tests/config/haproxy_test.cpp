#include "config/haproxy.hpp"

#include "config/told.hpp"

#include <string>

using namespace spoa;
using spoa::test::check_each;
using spoa::test::good_masters;
using spoa::test::good_sentinels;

TEST_SUITE("config/haproxy")
{
    TEST_CASE("several backends may be for one name")
    {
        const auto loaded = config::load_text(
            good_sentinels + good_masters +
                "haproxy:\n"
                "  - runtime_api: unix:/run/haproxy/admin.sock\n"
                "    backends: {redis_a_R1: a, redis_a_R2: a}\n"
                "  - runtime_api: 127.0.0.1:9999\n"
                "    backends: {nodes: a}\n",
            ".");
        CHECK(loaded.diagnostics.empty());
        const auto& haproxies = loaded.config.haproxies;
        REQUIRE(haproxies.size() == 2);
        CHECK(to_string(haproxies[0].runtime_api) == "unix:/run/haproxy/admin.sock");
        REQUIRE(haproxies[0].backends.size() == 2);
        CHECK(haproxies[0].backends[1].backend == "redis_a_R2");
        CHECK(haproxies[0].backends[1].master == "a");
        CHECK(to_string(haproxies[1].runtime_api) == "127.0.0.1:9999");
    }

    TEST_CASE("the master CLI is optional")
    {
        const auto loaded = config::load_text(
            good_sentinels + good_masters +
                "haproxy: [{runtime_api: unix:/a, master_cli: unix:/b, backends: {nodes: a}}]\n",
            ".");
        CHECK(loaded.diagnostics.empty());
        REQUIRE(loaded.config.haproxies.size() == 1);
        REQUIRE(loaded.config.haproxies[0].master_cli);
        CHECK(to_string(*loaded.config.haproxies[0].master_cli) == "unix:/b");
    }

    TEST_CASE("what is missing or wrong is told")
    {
        const std::string api = "runtime_api: unix:/a";
        check_each(
            {{"haproxy: [{backends: {b: a}}]", "1:11: error", {"key 'runtime_api' is missing"}},
             {"haproxy: [{" + api + "}]", "1:11: error", {"key 'backends' is missing"}},
             {"haproxy: {" + api + ", backends: {b: a}}", "1:10: error", {"expected a list"}},
             {"haproxy: [{runtime_api: admin.sock, backends: {b: a}}]", "1:25: error", {}},
             {"haproxy: [{" + api + ", backends: {b: A}}]",
              "1:48: error",
              {"backend 'b'", "no master is called 'A'", "did you mean 'a'?"}},
             {"haproxy: [{" + api + ", backends: {b: a, b: a}}]", "1:51: error", {"duplicate"}},
             {"haproxy: [{" + api + ", backends: {\"b;x\": a}}]", "1:45: error", {"'b;x'"}},
             {"haproxy: [{" + api + ", backends: {\"b x\": a}}]", "1:45: error", {"no such name"}},
             {"haproxy: [{" + api + ", backends: {b: a}}, {" + api + ", backends: {c: a}}]",
              "1:67: error",
              {"duplicate address unix:/a, first on line 1"}},
             {"haproxy: [{" + api + ", master_cli: unix:/a, backends: {b: a}}]",
              "1:46: error",
              {"duplicate address unix:/a, first on line 1"}},
             {"haproxy: [{" + api + ", backend: {b: a}, backends: {b: a}}]",
              "1:34: error",
              {"unknown key 'backend'", "did you mean 'backends'?"}}},
            good_sentinels + good_masters);
    }

    TEST_CASE("a master without servers cannot be kept in order")
    {
        const auto lines = test::told(
            good_sentinels +
            "masters: [{name: a}]\nhaproxy: [{runtime_api: unix:/a, backends: {b: a}}]");
        REQUIRE(lines.size() == 2);  // the first warns of the master itself
        test::check_one({lines[1]}, "3:48: error", {"backend 'b'", "has no servers", "list them"});
    }
}
