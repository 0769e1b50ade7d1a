#include "config/changes.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

using namespace spoa;
using namespace std::chrono_literals;
using config::Change;
using config::changes_between;

namespace {

config::Config with_master()
{
    config::Config config;
    config::Master master;
    master.name = "orders";
    master.servers.push_back({"R1", {"10.0.0.1", 6379}});
    config.masters.push_back(master);
    return config;
}

}  // namespace

TEST_SUITE("changes")
{
    TEST_CASE("the same configuration has none")
    {
        CHECK(changes_between(with_master(), with_master()).empty());
    }

    TEST_CASE("a changed key is told with both values")
    {
        auto after = with_master();
        after.masters[0].policy.wait = 3s;
        after.masters[0].servers[0].address.port = 6380;
        CHECK(
            changes_between(with_master(), after) ==
            std::vector<Change>{
                {"masters[orders].policy.wait", "8000ms", "3000ms"},
                {"masters[orders].servers.R1", "10.0.0.1:6379", "10.0.0.1:6380"}});
    }

    TEST_CASE("of a secret only that it changed")
    {
        auto before = with_master();
        auto after = with_master();
        before.sentinels.credentials.password = config::Secret("hunter2");
        after.sentinels.credentials.password = config::Secret("hunter3");
        CHECK(
            changes_between(before, after) ==
            std::vector<Change>{{"sentinels.password", "(secret)", "changed"}});
        CHECK(
            changes_between(with_master(), after) ==
            std::vector<Change>{{"sentinels.password", "", "(secret)"}});
        CHECK(
            changes_between(before, with_master()) ==
            std::vector<Change>{{"sentinels.password", "(secret)", ""}});
    }

    TEST_CASE("a nutcracker is told, but for its commands")
    {
        auto before = with_master();
        config::Twemproxy twemproxy;
        twemproxy.file = "/n.yml";
        twemproxy.pools.push_back({"p", "", "orders"});
        before.twemproxies.push_back(twemproxy);
        auto after = before;
        after.twemproxies[0].restart = {"r", "--token=secret"};
        after.twemproxies[0].pools[0].server = "S";
        const auto changes = changes_between(before, after);
        CHECK(
            changes == std::vector<Change>{
                           {"twemproxy[/n.yml].pools.p", "orders", ""},
                           {"twemproxy[/n.yml].pools.p.S", "", "orders"},
                           {"twemproxy[/n.yml].restart", "", "(secret)"}});
    }

    TEST_CASE("a name that is gone is told key by key")
    {
        auto after = with_master();
        after.masters.clear();
        const auto changes = changes_between(with_master(), after);
        CHECK(std::ranges::count(changes, Change{"masters[orders].name", "orders", ""}) == 1);
    }
}
