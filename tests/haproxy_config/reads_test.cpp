#include "haproxy_config/written.hpp"

using namespace spoa;
using namespace spoa::haproxy_config;
using namespace spoa::test;

TEST_SUITE("haproxy_config/reads")
{
    TEST_CASE("a name with replicas has a second frontend that asks for one of them")
    {
        auto config = two_nodes();
        config.masters[0].replicas.emplace();
        for (const auto form : {Form::use_server, Form::backends, Form::set_dst}) {
            const auto text = haproxy_cfg(config, form);
            const auto writes = section(text, "frontend redis_mymaster");
            const auto reads = section(text, "frontend redis_mymaster_read");
            CHECK(has(writes, "tcp-request session set-var(sess.redis_role) str(master)"));
            CHECK(has(reads, "tcp-request session set-var(sess.redis_role) str(replica)"));
            CHECK(has(reads, "tcp-request session set-var(sess.redis_master) str(mymaster)"));
            CHECK(has(reads, "bind :17379"));
            CHECK(
                generate(config, form)
                    ->at(1)
                    .content.find(
                        "args  master=var(sess.redis_master) role=var(sess.redis_role)") !=
                std::string::npos);
        }
        CHECK(
            has(section(haproxy_cfg(config, Form::use_server), "backend redis_mymaster_read_nodes"),
                "server R2 10.0.0.2:6380"));
    }

    TEST_CASE("in the forms with Lua a read is named a replica, or what stands in for them")
    {
        auto config = two_nodes();
        config.masters[0].replicas.emplace();
        const auto text = haproxy_cfg(config, Form::lua);
        CHECK(
            section(text, "frontend redis_mymaster_read") ==
            Lines{
                "bind :17379",
                "acl allowed_client src 127.0.0.0/8 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 ::1 "
                "fc00::/7",
                "tcp-request connection reject unless allowed_client",
                "tcp-request session set-var(sess.redis_master) str(mymaster)",
                "tcp-request session set-var(sess.redis_role) str(replica)",
                "tcp-request content set-var(sess.sentinel.server) "
                "var(sess.redis_master),lua.sentinel_read(clear)",
                "acl no_server var(sess.sentinel.server) -m len 0",
                "tcp-request inspect-delay 8500ms",
                "tcp-request content lua.sentinel_wait_read mymaster 8s if no_server",
                "tcp-request content set-var(sess.sentinel.state) "
                "var(sess.redis_master),lua.sentinel_state if no_server",
                "tcp-request content set-var(sess.sentinel.server) "
                "var(sess.redis_master),lua.sentinel_read if no_server",
                "acl known_node var(sess.sentinel.server) -m str R1",
                "acl known_node var(sess.sentinel.server) -m str R2",
                "tcp-request content use-service lua.sentinel_refuse unless known_node",
                "default_backend redis_mymaster_read_nodes"});
        CHECK_FALSE(section(text, "backend redis_mymaster_read_nodes").empty());
        CHECK_FALSE(
            has(section(text, "frontend redis_mymaster"),
                "tcp-request session set-var(sess.redis_role) str(master)"));
    }

    TEST_CASE("lua-fallback asks with the role, and the table counts where nobody answers")
    {
        auto config = two_nodes();
        config.masters[0].replicas.emplace();
        const auto text = haproxy_cfg(config, Form::lua_fallback);
        const auto reads = section(text, "frontend redis_mymaster_read");
        CHECK(has(reads, "tcp-request session set-var(sess.redis_role) str(replica)"));
        CHECK(has(reads, "tcp-request content lua.sentinel_wait_read mymaster 8s unless answered"));
        CHECK(
            has(reads,
                "tcp-request content set-var(sess.sentinel.server) "
                "var(sess.redis_master),lua.sentinel_read unless answered"));
        CHECK(
            has(section(text, "frontend redis_mymaster"),
                "tcp-request session set-var(sess.redis_role) str(master)"));
        CHECK(
            generate(config, Form::lua_fallback)->at(1).content.find("role=var(sess.redis_role)") !=
            std::string::npos);
    }

    TEST_CASE("Lua keeps the servers for reads where it keeps those for writes")
    {
        auto config = two_nodes();
        config.masters[0].replicas.emplace();
        const std::string line =
            R"(setenv SENTINEL_SPOA_LUA "${SENTINEL_SPOA_LUA} read_backend=redis_mymaster_read_nodes/mymaster")";
        for (const auto form : {Form::lua, Form::lua_fallback})
            CHECK(has(section(haproxy_cfg(config, form), "global"), line));
        config.haproxies.push_back(
            {parse_socket_address("unix:/run/haproxy/admin.sock").value(),
             std::nullopt,
             {{"redis_mymaster_nodes", "mymaster"}}});
        CHECK_FALSE(has(section(haproxy_cfg(config, Form::lua), "global"), line));
    }

    TEST_CASE("without replicas nothing is said of roles")
    {
        for (const auto form :
             {Form::use_server, Form::backends, Form::set_dst, Form::lua_fallback}) {
            const auto files = generate(two_nodes(), form);
            CHECK(files->at(0).content.find("redis_role") == std::string::npos);
            CHECK(files->at(1).content.find("redis_role") == std::string::npos);
        }
    }

    TEST_CASE("a name that is called like the reads of another is told")
    {
        auto config = config_of(
            {master("a", {{"R1", "10.0.0.1:6379"}}), master("a_read", {{"R1", "10.0.0.1:6379"}})});
        config.masters[0].replicas.emplace();
        const auto files = generate(config, Form::use_server);
        REQUIRE(files.has_error());
        CHECK(files.error().find("a_read") != std::string::npos);
    }
}
