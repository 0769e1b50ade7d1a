#include "config/load.hpp"

#include "config/temporary_folder.hpp"
#include "config/told.hpp"

#include <algorithm>
#include <string>

using namespace spoa;
using namespace std::chrono_literals;
using spoa::test::check_one;
using spoa::test::good_masters;
using spoa::test::good_sentinels;
using spoa::test::TemporaryFolder;
using spoa::test::told;

namespace {

const std::string everything =
    "spop:\n"
    "  listen: [127.0.0.1:1, unix:/run/a]\n"
    "  threads: 2\n"
    "  max_waiting: 5\n"
    "http:\n"
    "  listen: 127.0.0.1:2\n"
    "sentinels:\n"
    "  addresses: [10.0.0.1:26379, 10.0.0.2:26379, 10.0.0.3:26379]\n"
    "  username: agent\n"
    "  password: hunter2\n"
    "  poll_interval: 1s\n"
    "  query_timeout: 300ms\n"
    "  vote_ttl: 5s\n"
    "  tls: {server_name: sentinel}\n"
    "masters:\n"
    "  - name: mymaster\n"
    "    servers: {R1: 10.0.0.1:6379, R2: 10.0.0.2:6379}\n"
    "    redis: {username: probe, password: hunter3, tls: {}}\n"
    "    policy: {no_quorum: hold, no_quorum_hold: 1m, odown: keep}\n"
    "haproxy: [{runtime_api: unix:/run/haproxy/admin.sock, backends: {nodes: mymaster}}]\n"
    "reachable: {10.0.0.1:6379: 192.0.2.1:16379}\n"
    "state_file: state.json\n"
    "lookup_interval: 5s\n"
    "log: {level: debug, format: json}\n";

}  // namespace

TEST_SUITE("config/load")
{
    TEST_CASE("all but the Sentinels and the masters has a default")
    {
        const auto loaded = config::load_text(good_sentinels + good_masters, ".");
        CHECK(told(loaded).empty());
        CHECK_FALSE(loaded.has_errors());
        const auto& [spop, http, sentinels, masters, haproxies, twemproxies, log, reachable, state_file, lookup_interval] =
            loaded.config;
        REQUIRE(spop.listen.size() == 1);
        CHECK(to_string(spop.listen[0]) == "127.0.0.1:9000");
        CHECK(spop.threads == 1);
        CHECK(spop.max_waiting == 10'000);
        CHECK(spop.spoe_file.empty());
        REQUIRE(http.listen.size() == 1);
        CHECK(to_string(http.listen[0]) == "127.0.0.1:9005");
        CHECK(sentinels.credentials == config::Credentials());
        CHECK(sentinels.poll_interval == 500ms);
        CHECK(sentinels.query_timeout == 250ms);
        CHECK(sentinels.vote_ttl == 1500ms);
        CHECK_FALSE(sentinels.tls.enabled);
        REQUIRE(masters.size() == 1);
        CHECK_FALSE(masters[0].redis);
        CHECK(log.level == config::LogLevel::info);
        CHECK(log.format == config::LogFormat::text);
        CHECK(haproxies.empty());
        CHECK(reachable.empty());
        CHECK(state_file.empty());
        CHECK(lookup_interval == 2s);
    }

    TEST_CASE("every setting can be set")
    {
        const auto loaded = config::load_text(everything, ".");
        CHECK(told(loaded).empty());
        const auto& [spop, http, sentinels, masters, haproxies, twemproxies, log, reachable, state_file, lookup_interval] =
            loaded.config;
        CHECK(spop.listen.size() == 2);
        CHECK(spop.threads == 2);
        CHECK(spop.max_waiting == 5);
        CHECK(to_string(http.listen.at(0)) == "127.0.0.1:2");
        CHECK(sentinels.vote_ttl == 5s);
        REQUIRE(masters.size() == 1);
        CHECK(masters[0].name == "mymaster");
        REQUIRE(masters[0].servers.size() == 2);
        CHECK(masters[0].servers[1].name == "R2");
        CHECK(to_string(masters[0].servers[1].address) == "10.0.0.2:6379");
        CHECK(masters[0].policy.no_quorum_hold == 1min);
        REQUIRE(masters[0].redis);
        CHECK(masters[0].redis->credentials.password.reveal() == "hunter3");
        CHECK(masters[0].redis->tls.enabled);
        CHECK(sentinels.tls.server_name == "sentinel");
        REQUIRE(haproxies.size() == 1);
        CHECK(haproxies[0].backends.at(0).master == "mymaster");
        REQUIRE(reachable.size() == 1);
        CHECK(to_string(reachable[0].second) == "192.0.2.1:16379");
        CHECK(state_file == "./state.json");
        CHECK(lookup_interval == 5s);
        CHECK(log.level == config::LogLevel::debug);
        CHECK(log.format == config::LogFormat::json);
    }

    TEST_CASE("every level and format of the log has its word")
    {
        using enum config::LogLevel;
        const auto log = [](const std::string& text) {
            return config::load_text("log: {" + text + "}\n" + good_sentinels + good_masters, ".")
                .config.log;
        };
        CHECK(log("level: debug").level == debug);
        CHECK(log("level: info").level == info);
        CHECK(log("level: warning").level == warning);
        CHECK(log("level: error").level == error);
        CHECK(log("format: text").format == config::LogFormat::text);
        CHECK(log("format: json").format == config::LogFormat::json);
        check_one(
            told("log:\n  level: warnin\n" + good_sentinels + good_masters),
            "2:10: error",
            {"log.level: expected debug, info, warning or error", "did you mean 'warning'?"});
    }

    TEST_CASE("the state file lies in a folder that exists, beside the configuration if relative")
    {
        const TemporaryFolder folder;
        const auto load = [&](const std::string& name) {
            return config::load_text(
                "state_file: " + name + '\n' + good_sentinels + good_masters, folder.path());
        };
        const auto relative = load("state.json");
        CHECK(told(relative).empty());
        CHECK(relative.config.state_file == folder.path() / "state.json");
        CHECK(load("/tmp/state.json").config.state_file == "/tmp/state.json");
        check_one(told(load("none/state.json")), "1:13: error", {"there is no folder", "none"});
        check_one(told(load("./")), "1:13: error", {"'./' is a folder; name a file"});
        check_one(told(load(".")), "1:13: error", {"'.' is a folder"});
        check_one(told(load("a/..")), "1:13: error", {"is a folder; name a file"});
        check_one(told(load("''")), "1:13: error", {"the file name is empty"});
        std::filesystem::create_directory(folder.path() / "planted");
        check_one(
            told(load("planted")),
            "1:13: warning",
            {"'planted' is a folder: nothing can be remembered"});
        check_one(told(load("[a]")), "1:13: error", {"expected a text, found a list"});

        const auto bare = config::load_text(
            "state_file: state.json\n" + good_sentinels + good_masters, std::filesystem::path());
        CHECK(told(bare).empty());
        CHECK(bare.config.state_file == "state.json");
    }

    TEST_CASE("every error is told, in the order of the file")
    {
        const auto lines = told(
            "masters: [{name: a b}]\n"
            "log: {level: loud}\n"
            "sentinels: {addresses: [a], vote_ttl: 5}\n"
            "spop: {threads: 0, listen: x}\n");
        REQUIRE(lines.size() == 6);
        CHECK(lines[0].starts_with("f:1:18: error: masters.name"));
        CHECK(lines[1].starts_with("f:2:14: error: log.level"));
        CHECK(lines[2].starts_with("f:3:25: error: sentinels.addresses"));
        CHECK(lines[3].starts_with("f:3:39: error: sentinels.vote_ttl"));
        CHECK(lines[4].starts_with("f:4:17: error: spop.threads"));
        CHECK(lines[5].starts_with("f:4:28: error: spop.listen"));
    }

    TEST_CASE("with warnings alone the configuration is usable")
    {
        const auto loaded =
            config::load_text("sentinels: {addresses: [a:1]}\n" + good_masters, ".");
        CHECK(loaded.diagnostics.size() == 1);
        CHECK_FALSE(loaded.has_errors());
        CHECK(loaded.config.sentinels.addresses.size() == 1);
    }

    TEST_CASE("a file that cannot be read is told with the reason of the system")
    {
        const TemporaryFolder folder;
        const auto check = [](const std::filesystem::path& file, const std::string& words) {
            const auto loaded = config::load_file(file);
            CHECK(loaded.has_errors());
            REQUIRE(loaded.diagnostics.size() == 1);
            CHECK(loaded.diagnostics[0].line == 0);
            check_one(told(loaded), " error: cannot read the file", {words});
        };
        check(folder.path() / "missing.yml", "No such file or directory");
        check(folder.path(), "Is a directory");
        check(folder.write("agent.yml", "x") / "below", "Not a directory");
        check("/dev/zero", "it is no regular file");
        check(folder.write("large.yml", std::string(1'048'577, ' ')), "File too large");
    }

    TEST_CASE("a diagnostic names file, line and column, or the file alone")
    {
        using config::Severity;
        CHECK(
            config::to_string({Severity::error, 3, 14, "wrong"}, "/etc/a.yml") ==
            "/etc/a.yml:3:14: error: wrong");
        CHECK(
            config::to_string({Severity::warning, 3, 14, "odd"}, "a.yml") ==
            "a.yml:3:14: warning: odd");
        CHECK(config::to_string({Severity::error, 0, 0, "gone"}, "a.yml") == "a.yml: error: gone");
    }

    TEST_CASE("a configuration cut off or damaged at any byte is answered")
    {
        for (std::size_t i = 0; i < everything.size(); ++i) {
            CHECK_NOTHROW(config::load_text(everything.substr(0, i), "."));
            for (const char c : {'\0', '[', '{', ':', '"', '\n', '&', '*', '\x80'}) {
                auto damaged = everything;
                damaged[i] = c;
                CHECK_NOTHROW(config::load_text(damaged, "."));
            }
        }
    }
}
