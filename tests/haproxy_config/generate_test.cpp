#include "base/percent.hpp"
#include "haproxy_config/written.hpp"

#include <chrono>
#include <functional>

using namespace spoa;
using namespace spoa::haproxy_config;
using namespace spoa::test;

TEST_SUITE("haproxy_config/generate")
{
    TEST_CASE(
        "without Lua there are two files, and the SPOE file is the same for every form and name")
    {
        const auto other = config_of({master("cache", {{"a", "[2001:db8::1]:1"}})});
        const auto spoe = generate(two_nodes(), Form::use_server)->at(1);
        CHECK(spoe.name == "spoe-sentinel.cfg");
        for (const auto form : spoe_forms) {
            CAPTURE(to_string(form));
            CHECK(generate(two_nodes(), form)->size() == 2);
            CHECK(generate(two_nodes(), form)->at(0).name == "haproxy.cfg");
            CHECK(generate(two_nodes(), form)->at(1) == spoe);
            CHECK(generate(other, form)->at(1) == spoe);
        }
    }

    TEST_CASE("HAProxy is more patient than any question may wait, and its connections than it")
    {
        auto config = two_nodes();
        const auto has = [&](std::size_t file, const std::string& order) {
            const auto orders = orders_of(generate(config, Form::use_server)->at(file).content);
            return std::ranges::count(orders, order) == 1;
        };
        CHECK(has(1, "timeout processing 8500ms"));
        CHECK(has(1, "timeout idle       30s"));
        CHECK(has(0, "timeout server  60s"));

        auto patient = config.masters[0];
        patient.name = "other";
        patient.policy.wait = std::chrono::seconds(25);
        config.masters.push_back(patient);
        CHECK(has(1, "timeout processing 25500ms"));
        CHECK(has(1, "timeout idle       35500ms"));
        CHECK(has(0, "timeout server  65500ms"));

        for (auto& each : config.masters)
            each.policy.wait = std::chrono::seconds(0);
        CHECK(has(1, "timeout processing 300ms"));
    }

    TEST_CASE("nobody is kept waiting for agents that are down")
    {
        for (const auto form : spoe_forms) {
            const auto lines =
                section(generate(two_nodes(), form)->at(0).content, "frontend redis_mymaster");
            CHECK(
                std::ranges::count(
                    lines,
                    "tcp-request session set-var(sess.sentinel.reason) str(\"no agent is up\") if { "
                    "nbsrv(sentinel_agents) eq 0 }") == 1);
            // A session that is rejected before there is a stream is reset, and logged by nobody.
            CHECK(std::ranges::none_of(lines, [](const std::string& line) {
                return line.starts_with("tcp-request session reject");
            }));
        }
    }

    TEST_CASE("the question is asked once per connection, for the name of the frontend")
    {
        const auto spoe = generate(two_nodes(), Form::use_server)->at(1).content;
        CHECK(
            section(spoe, "spoe-message sentinel-verdict") ==
            Lines{
                "args  master=var(sess.redis_master)",
                "event on-client-session if { nbsrv(sentinel_agents) gt 0 }"});
        for (const auto form : spoe_forms) {
            const auto frontend =
                section(haproxy_cfg(two_nodes(), form), "frontend redis_mymaster");
            CHECK(has(frontend, "tcp-request session set-var(sess.redis_master) str(mymaster)"));
            CHECK(
                has(frontend, "filter spoe engine sentinel config /etc/haproxy/spoe-sentinel.cfg"));
        }
    }

    TEST_CASE("use-server: whoever passes the gate finds weight 0 on every server")
    {
        const auto text = haproxy_cfg(two_nodes(), Form::use_server);
        const auto frontend = section(text, "frontend redis_mymaster");
        CHECK(has(frontend, "acl known_node var(sess.sentinel.server) -m str R1"));
        CHECK(has(frontend, "acl known_node var(sess.sentinel.server) -m str R2"));
        CHECK(
            place(frontend, "tcp-request content reject unless known_node") <
            place(frontend, "default_backend redis_mymaster_nodes"));
        CHECK(
            section(text, "backend redis_mymaster_nodes") ==
            Lines{
                "use-server %[var(sess.sentinel.server)] if { var(sess.sentinel.server) -m found }",
                "default-server weight 0",
                ".if version_before(2.7-dev0) || version_atleast(3.2-dev0)",
                "default-server on-marked-down shutdown-sessions",
                ".endif",
                "server R1 10.0.0.1:6379",
                "server R2 10.0.0.2:6380"});
    }

    TEST_CASE("backends: one server each, and an empty one for whoever has no verdict")
    {
        const auto text = haproxy_cfg(two_nodes(), Form::backends);
        const auto frontend = section(text, "frontend redis_mymaster");
        CHECK(
            has(frontend, "use_backend redis_mymaster_%[var(sess.sentinel.server)] if known_node"));
        CHECK(has(frontend, "default_backend redis_mymaster_refuse"));
        CHECK(section(text, "backend redis_mymaster_refuse").empty());
        CHECK(
            section(text, "backend redis_mymaster_R2") ==
            Lines{
                ".if version_before(2.7-dev0) || version_atleast(3.2-dev0)",
                "default-server on-marked-down shutdown-sessions",
                ".endif",
                "server R2 10.0.0.2:6380"});
    }

    TEST_CASE("old workers are bounded in time unless the agent reaches those of every HAProxy")
    {
        auto config = two_nodes();
        const auto is_bounded = [&] {
            const auto text = haproxy_cfg(config, Form::use_server);
            return text.find("\n    hard-stop-after 1s\n") != std::string::npos;
        };
        CHECK(is_bounded());
        config.haproxies.resize(2);
        config.haproxies[0].master_cli = SocketAddress{{}, "/run/haproxy-master.sock"};
        CHECK(is_bounded());
        config.haproxies[1].master_cli = SocketAddress{{"10.0.0.9", 9'998}, {}};
        CHECK_FALSE(is_bounded());
    }

    TEST_CASE("set-dst: an address passes only with its own port")
    {
        auto config = two_nodes();
        config.masters[0].servers.push_back({"R3", parse_endpoint("[2001:DB8::3]:6379").value()});
        const auto text = haproxy_cfg(config, Form::set_dst);
        const auto frontend = section(text, "frontend redis_mymaster");
        const std::string pair =
            "acl known_node var(sess.sentinel.ip),concat(:,sess.sentinel.port) -m str ";
        CHECK(has(frontend, pair + "10.0.0.1:6379  # R1"));
        CHECK(has(frontend, pair + "10.0.0.2:6380  # R2"));
        CHECK(has(frontend, pair + "2001:db8::3:6379  # R3"));  // as concat writes it
        CHECK(
            place(frontend, "tcp-request content reject unless known_node") <
            place(frontend, "tcp-request content set-dst      var(sess.sentinel.ip)"));
        CHECK(has(frontend, "tcp-request content set-dst-port var(sess.sentinel.port)"));
        CHECK(
            section(text, "backend redis_mymaster_nodes") ==
            Lines{
                ".if version_before(2.7-dev0) || version_atleast(3.2-dev0)",
                "default-server on-marked-down shutdown-sessions",
                ".endif",
                "server master 0.0.0.0:0"});
    }

    TEST_CASE("each name has its own frontend, port and backends")
    {
        const auto config = config_of(
            {master("cache", {{"A", "10.0.0.1:1"}}), master("jobs", {{"B", "10.0.0.2:2"}})});
        for (const auto form : all_forms) {
            CAPTURE(to_string(form));
            const auto text = haproxy_cfg(config, form);
            const auto cache = section(text, "frontend redis_cache");
            const auto jobs = section(text, "frontend redis_jobs");
            CHECK(has(cache, "bind :16379"));
            CHECK(has(jobs, "bind :16380"));
            CHECK(has(cache, "tcp-request session set-var(sess.redis_master) str(cache)"));
            CHECK(has(jobs, "tcp-request session set-var(sess.redis_master) str(jobs)"));
            for (const auto& line : jobs) {
                CAPTURE(line);
                CHECK(line.find("cache") == std::string::npos);
                CHECK(line.find("10.0.0.1") == std::string::npos);
            }
        }
    }

    TEST_CASE("only the agents' backend may try another server")
    {
        for (const auto form : spoe_forms) {
            CAPTURE(to_string(form));
            const auto text = haproxy_cfg(two_nodes(), form);
            CHECK(has(section(text, "backend sentinel_agents"), "option redispatch 1"));
            CHECK(std::ranges::count(orders_of(text), "option redispatch 1") == 1);
        }
    }

    TEST_CASE("strangers are turned away before the agent hears of them")
    {
        for (const auto form : all_forms) {
            const auto frontend =
                section(haproxy_cfg(two_nodes(), form), "frontend redis_mymaster");
            CHECK(has(frontend, "tcp-request connection reject unless allowed_client"));
        }
    }

    TEST_CASE("no password is written, and none means no page")
    {
        const auto stats = section(haproxy_cfg(two_nodes(), Form::use_server), "frontend stats");
        CHECK(has(stats, "bind 127.0.0.1:8404"));
        CHECK(has(stats, R"(stats auth "admin:${HAPROXY_STATS_PASSWORD}")"));
        const auto refusal = std::ranges::find_if(stats, [](const std::string& line) {
            return line.starts_with("http-request return status 403") &&
                   line.ends_with("unless { env(HAPROXY_STATS_PASSWORD) -m len gt 0 }");
        });
        CHECK(refusal != stats.end());
    }

    TEST_CASE("every listener of the agent is one of its servers, all but the first as backup")
    {
        auto config = two_nodes();
        config.spop.listen = {
            parse_socket_address("0.0.0.0:9000").value(),
            parse_socket_address("[::1]:9000").value()};
        const auto agents =
            section(haproxy_cfg(config, Form::use_server), "backend sentinel_agents");
        CHECK(has(agents, "server a1 127.0.0.1:9000"));
        CHECK(has(agents, "server a2 [::1]:9000 backup  # the same agent, by another way"));
    }

    TEST_CASE("HAProxy leaves its chroot only when the agent is out of reach otherwise")
    {
        struct Case {
            Lines listen;
            std::string chroot;
            Lines servers;
        };
        const std::vector<Case> cases{
            {{"127.0.0.1:9000"}, "/var/lib/haproxy", {"server a1 127.0.0.1:9000"}},
            {{"unix:/var/lib/haproxy/a"}, "/var/lib/haproxy", {"server a1 unix@/a"}},
            {{"unix:/run/a"}, "/", {"server a1 unix@/run/a"}},
            {{"unix:/run/a", "127.0.0.1:9000"}, "/var/lib/haproxy", {"server a1 127.0.0.1:9000"}},
        };
        for (const auto& c : cases) {
            CAPTURE(c.listen.front());
            auto config = two_nodes();
            config.spop.listen.clear();
            for (const auto& text : c.listen)
                config.spop.listen.push_back(parse_socket_address(text).value());
            const auto text = haproxy_cfg(config, Form::use_server);
            CHECK(has(section(text, "global"), "chroot " + c.chroot));
            Lines servers;
            for (const auto& line : section(text, "backend sentinel_agents"))
                if (line.starts_with("server "))
                    servers.push_back(line);
            CHECK(servers == c.servers);
        }
    }

    TEST_CASE("the path of the SPOE file is quoted where HAProxy would read something into it")
    {
        const auto path_in = [](const std::string& directory) {
            const auto lines = section(
                haproxy_cfg(two_nodes(), Form::use_server, directory), "frontend redis_mymaster");
            const std::string filter = "filter spoe engine sentinel config ";
            const auto line = std::ranges::find_if(
                lines, [&](const std::string& l) { return l.starts_with(filter); });
            REQUIRE(line != lines.end());
            return line->substr(filter.size());
        };
        CHECK(path_in("/etc/haproxy/") == "/etc/haproxy/spoe-sentinel.cfg");
        CHECK(path_in("/srv/my files") == "'/srv/my files/spoe-sentinel.cfg'");
        CHECK(path_in("/srv/$HOME#1") == "'/srv/$HOME#1/spoe-sentinel.cfg'");
        CHECK(path_in("/") == "/spoe-sentinel.cfg");
    }

    TEST_CASE("no line outgrows HAProxy's limits, however many nodes there are")
    {
        auto config = two_nodes();
        for (int i = 3; i < 200; ++i)
            config.masters[0].servers.push_back(
                {"R" + std::to_string(i), {"10.0.1." + std::to_string(i), 6379}});
        for (const auto form : all_forms)
            for (const auto& line : lines_of(haproxy_cfg(config, form))) {
                CAPTURE(line);
                CHECK(line.size() < 2048);
                CHECK(std::ranges::count(line, ' ') < 64);
                CHECK(std::ranges::count(line, '@') == 0);  // no blank was left
            }
    }

    TEST_CASE("what cannot be written safely is refused with a remedy")
    {
        struct Case {
            const char* what;
            Form form;
            std::function<void(config::Config&)> change;
            std::vector<std::string> said;
        };
        const std::vector<Case> cases{
            {"no names", Form::use_server, [](auto& c) { c.masters.clear(); }, {"no masters"}},
            {"no listener",
             Form::use_server,
             [](auto& c) { c.spop.listen.clear(); },
             {"spop.listen"}},
            {"a path with a control character",
             Form::use_server,
             [](auto& c) {
                 c.spop.listen = {{{}, "/run/a\tb"}};
             },
             {"spop.listen", "\"unix:/run/a?b\""}},
            {"names need servers",
             Form::use_server,
             [](auto& c) { c.masters[0].servers.clear(); },
             {"mymaster", "no servers", "use-server", "servers: {R1:"}},
            {"backends need servers",
             Form::backends,
             [](auto& c) { c.masters[0].servers.clear(); },
             {"mymaster", "no servers", "backends", "servers: {R1:"}},
            {"addresses need servers",
             Form::set_dst,
             [](auto& c) { c.masters[0].servers.clear(); },
             {"mymaster", "no servers", "servers: {R1:"}},
            {"one name of two has no servers",
             Form::use_server,
             [](auto& c) { c.masters.push_back(master("cache", {})); },
             {"cache", "no servers"}},
            {"a host name is no address",
             Form::set_dst,
             [](auto& c) { c.masters[0].servers[1].address.host = "redis-2"; },
             {"R2", "mymaster", "redis-2", "IP address", "use-server"}},
            {"a name that no line can hold",
             Form::use_server,
             [](auto& c) { c.masters[0].name = "my\nmaster"; },
             {"my?master", "line break"}},
            {"a server that would be an option",
             Form::use_server,
             [](auto& c) { c.masters[0].servers[0].name = "-i"; },
             {"\"-i\"", "letters, digits"}},
            {"a server without a name",
             Form::use_server,
             [](auto& c) { c.masters[0].servers[0].name.clear(); },
             {"letters, digits"}},
            {"a host that would be expanded",
             Form::use_server,
             [](auto& c) { c.masters[0].servers[0].address.host = "$HOST"; },
             {"R1", "$HOST"}},
            {"a socket that would be expanded",
             Form::use_server,
             [](auto& c) {
                 c.spop.listen = {SocketAddress{{}, "/run/$X"}};
             },
             {"spop.listen", "/run/$X"}},
            {"two backends with one name",
             Form::backends,
             [](auto& c) {
                 c.masters = {
                     master("a", {{"b_c", "10.0.0.1:1"}}), master("a_b", {{"c", "10.0.0.2:1"}})};
             },
             {"redis_a_b_c", "rename"}},
            {"a server called as the empty backend",
             Form::backends,
             [](auto& c) { c.masters[0].servers[0].name = "refuse"; },
             {"redis_mymaster_refuse", "rename"}},
        };
        for (const auto& c : cases) {
            CAPTURE(c.what);
            auto config = two_nodes();
            c.change(config);
            const auto files = generate(config, c.form);
            REQUIRE(files.has_error());
            for (const auto& said : c.said) {
                CAPTURE(files.error());
                CHECK(files.error().find(said) != std::string::npos);
            }
        }
    }

    TEST_CASE("a name with other signs is written as each place can hold it")
    {
        struct Case {
            std::string name;
            std::string identifier;
            std::string sample;
            std::string word;
        };
        const std::vector<Case> cases{
            {"demo/rd-demo", "demo:2frd-demo", "str(demo/rd-demo)", "demo/rd-demo"},
            {"orders+shard1", "orders:2bshard1", "str(orders+shard1)", "orders+shard1"},
            {"app:prod", "app:3aprod", "str(app:prod)", "app:prod"},
            {"my cache", "my:20cache", R"x("str(\"my cache\")")x", R"x("my cache")x"},
            {"a,b)c", "a:2cb:29c", R"x("str(\"a,b)c\")")x", R"x("a,b)c")x"},
            {R"x(q"$\)x", "q:22:24:5c", R"x("str(\"q\\\"\$\\\\\")")x", R"x("q\"\$\\")x"},
        };
        for (const auto& c : cases) {
            CAPTURE(c.name);
            const auto config = config_of({master(c.name, {{"R1", "10.0.0.1:6379"}})});
            for (const auto form : all_forms) {
                CAPTURE(to_string(form));
                const auto text = haproxy_cfg(config, form);
                CHECK(text.find("# For the name '" + c.name + "': ") != std::string::npos);
                const auto frontend = section(text, "frontend redis_" + c.identifier);
                CHECK(has(frontend, "tcp-request session set-var(sess.redis_master) " + c.sample));
                CHECK(
                    has(frontend,
                        "default_backend redis_" + c.identifier +
                            (form == Form::backends ? "_refuse" : "_nodes")));
                if (form == Form::lua)
                    CHECK(has(
                        frontend,
                        "tcp-request content lua.sentinel_wait " + c.word + " 8s if no_server"));
            }
            CHECK_FALSE(
                section(
                    haproxy_cfg(config, Form::backends), "backend redis_" + c.identifier + "_R1")
                    .empty());
            const auto lua = haproxy_cfg(config, Form::lua);
            CHECK(
                lua.find(
                    "backend=redis_" + c.identifier + "_nodes/" + percent_encoded(c.name) + '"') !=
                std::string::npos);
        }
        CHECK(
            haproxy_cfg(two_nodes(), Form::use_server).find("# For the name") == std::string::npos);
    }

    TEST_CASE("a host name is fine where HAProxy looks it up")
    {
        auto config = two_nodes();
        config.masters[0].servers[1].address.host = "redis-2.example.net";
        CHECK(
            has(section(haproxy_cfg(config, Form::use_server), "backend redis_mymaster_nodes"),
                "server R2 redis-2.example.net:6380 init-addr last,libc,192.0.2.1"));
        CHECK(generate(config, Form::backends).has_value());
    }

    TEST_CASE("backend names meet only in the form that has them")
    {
        const auto config =
            config_of({master("a", {{"b_c", "10.0.0.1:1"}}), master("a_b", {{"c", "10.0.0.2:1"}})});
        CHECK(generate(config, Form::use_server).has_value());
        CHECK(generate(config, Form::set_dst).has_value());
    }

    TEST_CASE("a folder that HAProxy could not find is refused")
    {
        for (const auto* directory : {"", "etc", ".", "/it's", "/a\nb"}) {
            CAPTURE(directory);
            CHECK(generate(two_nodes(), Form::use_server, directory).has_error());
        }
    }
}
