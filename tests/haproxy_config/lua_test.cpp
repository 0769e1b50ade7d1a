#include "haproxy_config/written.hpp"

#include <chrono>

using namespace spoa;
using namespace spoa::haproxy_config;
using namespace spoa::test;

TEST_SUITE("haproxy_config/lua")
{
    TEST_CASE("lua: no question is asked, and no agent is a server of HAProxy's")
    {
        const auto files = generate(two_nodes(), Form::lua);
        REQUIRE(files.has_value());
        const auto& text = files->at(0).content;
        for (const auto& word : {"spoe", "sentinel_agents", "sess.sentinel.ip"}) {
            CAPTURE(word);
            CHECK(text.find(word) == std::string::npos);
        }
        CHECK(files->at(1).name.starts_with("lua/"));
        CHECK(
            section(text, "frontend redis_mymaster") ==
            Lines{
                "bind :16379",
                "acl allowed_client src 127.0.0.0/8 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 ::1 "
                "fc00::/7",
                "tcp-request connection reject unless allowed_client",
                "tcp-request session set-var(sess.redis_master) str(mymaster)",
                "tcp-request content set-var(sess.sentinel.server) "
                "var(sess.redis_master),lua.sentinel_server(clear)",
                "acl no_server var(sess.sentinel.server) -m len 0",
                "tcp-request inspect-delay 8500ms",
                "tcp-request content lua.sentinel_wait mymaster 8s if no_server",
                "tcp-request content set-var(sess.sentinel.state) "
                "var(sess.redis_master),lua.sentinel_state if no_server",
                "tcp-request content set-var(sess.sentinel.server) "
                "var(sess.redis_master),lua.sentinel_server if no_server",
                "acl known_node var(sess.sentinel.server) -m str R1",
                "acl known_node var(sess.sentinel.server) -m str R2",
                "tcp-request content use-service lua.sentinel_refuse unless known_node",
                "default_backend redis_mymaster_nodes"});
        CHECK(
            section(text, "backend redis_mymaster_nodes") ==
            section(haproxy_cfg(two_nodes(), Form::use_server), "backend redis_mymaster_nodes"));
    }

    TEST_CASE("lua-fallback: the table counts only where the agent did not answer")
    {
        const auto files = generate(two_nodes(), Form::lua_fallback);
        REQUIRE(files.has_value());
        CHECK(files->at(1).name == "spoe-sentinel.cfg");
        CHECK(has(orders_of(files->at(1).content), "timeout processing 300ms"));
        const auto lines = section(files->at(0).content, "frontend redis_mymaster");
        const auto asked =
            place(lines, "filter spoe engine sentinel config /etc/haproxy/spoe-sentinel.cfg");
        const auto fallen_back = place(
            lines,
            "tcp-request content set-var(sess.sentinel.server) "
            "var(sess.redis_master),lua.sentinel_server unless answered");
        CHECK(asked < place(lines, "acl answered var(sess.sentinel.state) -m found"));
        CHECK(
            place(lines, "tcp-request content lua.sentinel_wait mymaster 8s unless answered") <
            fallen_back);
        CHECK(
            fallen_back <
            place(lines, "tcp-request content use-service lua.sentinel_refuse unless known_node"));
        CHECK(
            fallen_back < place(
                              lines,
                              "tcp-request content set-var(sess.sentinel.state) "
                              "var(sess.redis_master),lua.sentinel_state unless answered"));
        CHECK(std::ranges::none_of(
            lines, [](const auto& line) { return line.find("nbsrv") != std::string::npos; }));
        CHECK_FALSE(section(files->at(0).content, "backend sentinel_agents").empty());
    }

    TEST_CASE("the Lua module is written beside haproxy.cfg, which loads it after its options")
    {
        for (const auto form : {Form::lua, Form::lua_fallback}) {
            CAPTURE(to_string(form));
            const auto files = generate(two_nodes(), form, "/srv/my files");
            REQUIRE(files.has_value());
            const auto of_name = [&](const std::string& name) {
                return std::ranges::count(*files, name, &File::name);
            };
            CHECK(of_name("lua/sentinel.lua") == 1);
            CHECK(of_name("lua/sentinel/verdicts.lua") == 1);
            const auto lines = section(files->at(0).content, "global");
            const auto loaded = place(lines, "lua-load '/srv/my files/lua/sentinel.lua'");
            CHECK(
                place(lines, R"(setenv SENTINEL_SPOA_LUA "agent=127.0.0.1:9005 max_age=5s")") + 1 ==
                place(
                    lines,
                    R"(setenv SENTINEL_SPOA_LUA "${SENTINEL_SPOA_LUA} backend=redis_mymaster_nodes/mymaster")"));
            CHECK(place(lines, "tune.lua.bool-sample-conversion normal") < loaded);
        }
    }

    TEST_CASE("Lua cuts sessions unless the agent does, and needs no admin socket for it")
    {
        auto config = two_nodes();
        const auto text = [&] { return haproxy_cfg(config, Form::lua); };
        CHECK(text().find("level user") != std::string::npos);
        CHECK(text().find("level admin") == std::string::npos);
        config.haproxies.push_back(
            {parse_socket_address("unix:/run/haproxy/admin.sock").value(),
             std::nullopt,
             {{"redis_mymaster_nodes", "mymaster"}}});
        CHECK(text().find("backend=") == std::string::npos);
        CHECK(text().find("level admin") != std::string::npos);
    }

    TEST_CASE(
        "Lua finds the agent where it serves HTTP, and lets nobody wait where policy does not")
    {
        auto config = two_nodes();
        config.http.listen = {
            parse_socket_address("unix:/run/a").value(),
            parse_socket_address("[::]:9006").value(),
            parse_socket_address("10.0.0.9:9005").value()};
        config.masters[0].policy.wait = std::chrono::seconds(0);
        const auto text = haproxy_cfg(config, Form::lua);
        CHECK(
            text.find("\"agent=[::1]:9006 agent=10.0.0.9:9005 max_age=5s\"") != std::string::npos);
        CHECK(text.find("sentinel_wait") == std::string::npos);
        CHECK(text.find("inspect-delay") == std::string::npos);

        config.http.listen.resize(1);
        for (const auto form : {Form::lua, Form::lua_fallback}) {
            const auto files = generate(config, form);
            REQUIRE(files.has_error());
            CHECK(files.error().find("http.listen") != std::string::npos);
        }
        CHECK(generate(config, Form::use_server).has_value());
        config.http.listen = {parse_socket_address("127.0.0.1:9005").value()};
        config.spop.listen.clear();
        CHECK(generate(config, Form::lua).has_value());
    }

    TEST_CASE("many names are followed one by one")
    {
        auto config = two_nodes();
        const auto followed = [&] {
            const auto lines = section(haproxy_cfg(config, Form::lua), "global");
            return std::ranges::count_if(
                lines, [](const auto& line) { return line.find(" name=") != std::string::npos; });
        };
        while (config.masters.size() < 20)
            config.masters.push_back(
                master("m" + std::to_string(config.masters.size()), {{"A", "10.0.0.1:1"}}));
        CHECK(followed() == 0);
        config.masters.push_back(master("last", {{"A", "10.0.0.1:1"}}));
        CHECK(followed() == 21);
    }
}
