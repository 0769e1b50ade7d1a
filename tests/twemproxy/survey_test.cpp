#include "twemproxy/survey.hpp"

#include "twemproxy/texts.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace spoa;
using spoa::test::endpoint;
using spoa::test::pool_with;

namespace {

const std::vector<config::Master> masters{
    {"m", {{"R1", endpoint("10.0.0.1:6379")}, {"R2", endpoint("10.0.0.2:6379")}}, {}, {}, {}}};

twemproxy::Survey surveyed(const std::string& text, config::Twemproxy::Pool pool)
{
    config::Twemproxy settings;
    settings.file = "/n.yml";
    settings.pools = {std::move(pool)};
    settings.restart = {"systemctl", "restart", "nutcracker"};
    return twemproxy::survey(settings, text, masters);
}

}  // namespace

TEST_SUITE("twemproxy/survey")
{
    TEST_CASE("it says what would be changed, and how it is restarted")
    {
        const auto out = surveyed(pool_with("10.0.0.1:6379:1 A"), {"p", {}, "m"});
        CHECK(out.good);
        CHECK(
            out.text ==
            "/n.yml\n"
            "  pool p, line 5: server A, now at 10.0.0.1:6379, follows m\n"
            "  when R2 is the master:\n"
            "    @@ line 5, pool p @@\n"
            "    -10.0.0.1:6379:1 A\n"
            "    +10.0.0.2:6379:1 A\n"
            "  then: systemctl restart nutcracker\n");
    }

    TEST_CASE("what cannot be done is an error")
    {
        CHECK(!surveyed(pool_with("10.0.0.1:6379:1 A"), {"q", {}, "m"}).good);
        CHECK(!surveyed(pool_with("10.0.0.1:6379:1 A"), {"p", "B", "m"}).good);
        CHECK(!surveyed("p: 1\n", {"p", {}, "m"}).good);
        CHECK(!surveyed(pool_with("\"10.0.0.\\x31:6379:1 A\""), {"p", {}, "m"}).good);
    }

    TEST_CASE("keys that would move with an address are a warning, and so is memcached")
    {
        const auto out = surveyed(
            "p:\n  listen: a:1\n  servers: [10.0.0.1:6379:1, 10.0.0.9:6379:1]\n", {"p", "1", "m"});
        CHECK(out.good);
        CHECK(out.text.find("give each server a name") != std::string::npos);
        CHECK(out.text.find("no `redis: true`") != std::string::npos);
    }
}
