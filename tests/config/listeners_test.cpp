#include "config/listeners.hpp"

#include "config/told.hpp"

#include <chrono>
#include <string>
#include <vector>

using namespace spoa;
using namespace std::chrono_literals;
using spoa::test::check_each;
using spoa::test::good_masters;
using spoa::test::good_sentinels;

namespace {

const std::string rest = good_sentinels + good_masters;

}  // namespace

TEST_SUITE("config/listeners")
{
    TEST_CASE("one address or several may be listened on")
    {
        const auto loaded = config::load_text(
            "spop: {listen: [127.0.0.1:1, \"[::1]:1\", unix:/run/a], threads: 64}\n"
            "http: {listen: unix:/run/b}\n" +
                rest,
            ".");
        CHECK(test::told(loaded).empty());
        const auto& [spop, http, sentinels, masters, haproxies, twemproxies, log, reachable, state_file, lookup_interval] =
            loaded.config;
        REQUIRE(spop.listen.size() == 3);
        CHECK(to_string(spop.listen[1]) == "[::1]:1");
        CHECK(to_string(spop.listen[2]) == "unix:/run/a");
        REQUIRE(http.listen.size() == 1);
        CHECK(to_string(http.listen[0]) == "unix:/run/b");
        CHECK(spop.threads == 64);
    }

    TEST_CASE("the names by which HTTP may be asked are hosts without a port")
    {
        const auto hosts = [](const std::string& text) {
            const auto loaded = config::load_text("http: {hosts: " + text + "}\n" + rest, ".");
            CHECK(test::told(loaded).empty());
            return loaded.config.http.hosts;
        };
        CHECK(config::load_text(rest, ".").config.http.hosts.empty());
        CHECK(hosts("agent1.example") == std::vector<std::string>{"agent1.example"});
        CHECK(hosts("[a, 10.0.0.1, \"::1\"]") == std::vector<std::string>{"a", "10.0.0.1", "::1"});
        check_each(
            {{"http: {hosts: agent1:9005}",
              "1:15: error",
              {"http.hosts: 'agent1:9005' has a port; write the host alone"}},
             {"http: {hosts: [a, \"*\"]}",
              "1:19: error",
              {"http.hosts: '*' is no host; write a name"}},
             {"http: {hosts: 'http://a'}", "1:15: error", {"is no host"}},
             {"http: {hosts: ''}", "1:15: error", {"is no host"}},
             {"http: {hosts: []}", "1:15: error", {"http.hosts: the list is empty"}},
             {"http: {hosts: {a: b}}", "1:15: error", {"expected a text"}}},
            rest);
    }

    TEST_CASE("threads are 1 to 64")
    {
        check_each(
            {{"spop:\n  threads: 0", "2:12: error", {"spop.threads: '0'", "1 to 64"}},
             {"spop:\n  threads: 65", "2:12: error", {"'65' is out of range; 1 to 64"}},
             {"spop:\n  threads: 99999999999", "2:12: error", {"out of range; 1 to 64"}}},
            rest);
    }

    TEST_CASE("limits have defaults that suit HAProxy and may be set")
    {
        const auto usual = config::load_text(rest, ".").config.spop;
        CHECK(usual.max_connections == 16'000);
        CHECK(usual.max_frame_size == 16'380);
        CHECK(usual.hello_timeout == 5s);
        CHECK(usual.frame_timeout == 5s);
        CHECK(usual.write_timeout == 2s);

        const auto loaded = config::load_text(
            "spop: {max_connections: 1000000, max_frame_size: 256, hello_timeout: 500ms, "
            "frame_timeout: 10m, write_timeout: 1s}\n" +
                rest,
            ".");
        CHECK(test::told(loaded).empty());
        const auto& spop = loaded.config.spop;
        CHECK(spop.max_connections == 1'000'000);
        CHECK(spop.max_frame_size == 256);
        CHECK(spop.hello_timeout == 500ms);
        CHECK(spop.frame_timeout == 10min);
        CHECK(spop.write_timeout == 1s);
    }

    TEST_CASE("a limit out of range or without its unit is told")
    {
        check_each(
            {{"spop:\n  max_connections: 0",
              "2:20: error",
              {"spop.max_connections: '0' is out of range; 1 to 1000000"}},
             {"spop:\n  max_connections: many", "2:20: error", {"expected a whole number"}},
             {"spop:\n  max_frame_size: 255", "2:19: error", {"out of range; 256 to 1048576"}},
             {"spop:\n  max_frame_size: 1048577", "2:19: error", {"out of range"}},
             {"spop:\n  hello_timeout: 499ms",
              "2:18: error",
              {"spop.hello_timeout: '499ms' is out of range; 500ms to 10m"}},
             {"spop:\n  frame_timeout: 0", "2:18: error", {"spop.frame_timeout", "out of range"}},
             {"spop:\n  write_timeout: 11m", "2:18: error", {"spop.write_timeout", "out of range"}},
             {"spop:\n  write_timeout: 2", "2:18: error", {"'2' has no unit; write a unit"}},
             {"spop:\n  max_connection: 2", "2:3: error", {"did you mean 'max_connections'"}}},
            rest);
    }

    TEST_CASE("an address that cannot be listened on is told")
    {
        check_each(
            {{"spop: {listen: 127.0.0.1}",
              "1:16: error",
              {"spop.listen: '127.0.0.1' has no port; write 127.0.0.1:9000"}},
             {"http: {listen: 127.0.0.1}", "1:16: error", {"write 127.0.0.1:9005"}},
             {"http:\n  listen:\n    - 127.0.0.1:1\n    - 127.0.0.1:0",
              "4:7: error",
              {"a port is 1-65535"}},
             {"spop: {listen: []}", "1:16: error", {"spop.listen: the list is empty"}}},
            rest);
    }

    TEST_CASE("no two sockets are the same, defaults included")
    {
        check_each(
            {{"spop:\n  listen: [127.0.0.1:1, 127.0.0.1:1]",
              "2:25: error",
              {"duplicate address 127.0.0.1:1; spop.listen has it on line 2"}},
             {"spop: {listen: unix:/a}\nhttp: {listen: unix:/a}",
              "2:16: error",
              {"duplicate address unix:/a; spop.listen has it on line 1"}},
             {"http: {listen: 127.0.0.1:1}\nspop: {listen: 127.0.0.1:1}",
              "2:16: error",
              {"http.listen has it on line 1"}},
             {"spop: {listen: 127.0.0.1:9005}", "1:16: error", {"http.listen has it by default"}},
             {"http: {listen: 127.0.0.1:9000}", "1:16: error", {"spop.listen has it by default"}},
             {"spop: {listen: [\"[::1]:1\", \"[0:0::0:1]:1\"]}",
              "1:28: error",
              {"duplicate address [::1]:1"}}},
            rest);
    }

    TEST_CASE("an address that others can reach is warned of, with what it exposes")
    {
        check_each(
            {{"spop: {listen: 0.0.0.0:9000}",
              "1:16: warning",
              {"spop.listen: 0.0.0.0:9000 is not loopback", "SPOP has no authentication"}},
             {"http: {listen: \"[::]:9005\"}",
              "1:16: warning",
              {"http.listen: [::]:9005 is not loopback", "metrics"}}},
            rest);
        CHECK_FALSE(config::load_text("http: {listen: lb:1}\n" + rest, ".").has_errors());
    }
}
