#include "twemproxy/smitty.hpp"

#include "config/load.hpp"
#include "twemproxy/texts.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace spoa;

namespace {

const std::string agent_yml =
    "twemproxy_pool_name: p\n"
    "twemproxy_config_file: /etc/nutcracker/nutcracker.yml\n"
    "sentinel_ip: 127.0.0.1\n"
    "sentinel_port: 26380\n"
    "restart_command: /etc/init.d/twemproxy  restart\n"
    "log_file: /var/log/smitty.log\n";

config::Config migrated(const std::string& text, const std::string& nutcracker)
{
    const auto yaml = twemproxy::migrate_smitty(text, nutcracker);
    REQUIRE(yaml.has_value());
    CAPTURE(*yaml);
    const auto loaded = config::load_text(*yaml, ".");
    CHECK(!loaded.has_errors());
    return loaded.config;
}

}  // namespace

TEST_SUITE("twemproxy/smitty")
{
    TEST_CASE("its six keys become a configuration that loads")
    {
        const auto config = migrated(
            agent_yml,
            "p:\n  listen: a:1\n  servers:\n   - 10.0.0.1:6379:1 sessions\n"
            "   - 10.0.0.2:6379:1 cache\n");
        REQUIRE(config.sentinels.addresses.size() == 1);
        CHECK(to_string(config.sentinels.addresses[0]) == "127.0.0.1:26380");
        REQUIRE(config.masters.size() == 2);
        CHECK(config.masters[0].name == "sessions");
        REQUIRE(config.twemproxies.size() == 1);
        const auto& twemproxy = config.twemproxies[0];
        CHECK(twemproxy.file == "/etc/nutcracker/nutcracker.yml");
        CHECK(twemproxy.restart == std::vector<std::string>{"/etc/init.d/twemproxy", "restart"});
        REQUIRE(twemproxy.pools.size() == 2);
        CHECK(twemproxy.pools[1].pool == "p");
        CHECK(twemproxy.pools[1].server == "cache");
        CHECK(twemproxy.pools[1].master == "cache");
    }

    TEST_CASE("without nutcracker's file the name is left to fill in")
    {
        const auto config = migrated(agent_yml, "");
        CHECK(config.masters[0].name == "mymaster");
        CHECK(config.twemproxies[0].pools[0].server.empty());
    }

    TEST_CASE("a restart command that needs a shell gets one, told so")
    {
        const auto config = migrated(
            test::replaced(
                agent_yml, "/etc/init.d/twemproxy  restart", "'pkill \"nut\" && x\\y'", 1),
            "");
        CHECK(
            config.twemproxies[0].restart ==
            std::vector<std::string>{"sh", "-c", "pkill \"nut\" && x\\y"});
    }

    TEST_CASE("what is no agent.yml of Smitty, or not all of one")
    {
        CHECK(!twemproxy::smitty_target("sentinels: {addresses: [a:1]}\n").has_value());
        CHECK(!twemproxy::smitty_target("").has_value());
        CHECK(twemproxy::smitty_target(agent_yml) == "/etc/nutcracker/nutcracker.yml");
        const auto half = twemproxy::migrate_smitty("twemproxy_pool_name: p\n", "");
        REQUIRE(!half.has_value());
        CHECK(half.error().text == "it has no twemproxy_config_file, which Smitty needs");
    }
}
