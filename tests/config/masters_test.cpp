#include "config/masters.hpp"

#include "config/told.hpp"

#include <string>

using namespace spoa;
using namespace std::chrono_literals;
using spoa::test::check_each;
using spoa::test::good_sentinels;
using spoa::test::told;

TEST_SUITE("config/masters")
{
    TEST_CASE("at least one master with a name is required")
    {
        check_each(
            {{"# nothing", "2:1: error", {"key 'masters' is missing at the top level"}},
             {"masters: []", "1:10: error", {"masters: the list is empty"}},
             {"masters: {name: a}", "1:10: error", {"masters: expected a list, found a mapping"}},
             {"masters:\n  - servers: {a: a:1}",
              "2:5: error",
              {"key 'name' is missing in masters"}},
             {"masters:\n  - mymaster", "2:5: error", {"expected a mapping", "found a text"}}},
            good_sentinels);
    }

    TEST_CASE("a name is given once")
    {
        check_each(
            {{"masters:\n  - {name: a, servers: {a: a:1}}\n  - {name: a, servers: {a: a:1}}",
              "3:12: error",
              {"duplicate master 'a', first on line 2"}}},
            good_sentinels);
    }

    TEST_CASE("a server has a name that HAProxy takes and an address of its own")
    {
        const std::string longest(64, 'x');
        check_each(
            {{"masters: [{name: a, servers: {R 1: a:1}}]",
              "1:31: error",
              {"masters.servers: server name: 'R…'", "letters, digits and . - _ : are"}},
             {"masters: [{name: a, servers: {" + longest + "x: a:1}}]",
              "1:31: error",
              {"longer than 64 characters"}},
             {"masters: [{name: a, servers: {R1: a:1, R1: b:1}}]",
              "1:40: error",
              {"duplicate key 'R1' in masters.servers; first on line 1"}},
             {"masters: [{name: a, servers: {R1: a:1, R2: a:1}}]",
              "1:44: error",
              {"server 'R2' has the address a:1 of server 'R1' on line 1"}},
             {"masters: [{name: a, servers: {R1: a:1, R2: A:1}}]",
              "1:44: error",
              {"server 'R2' has the address", "of server 'R1'"}},
             {"masters: [{name: a, servers: {R1: a}}]",
              "1:35: error",
              {"server 'R1': 'a' has no port; write a:6379"}},
             {"masters: [{name: a, servers: {R1: a:99999}}]", "1:35: error", {"1-65535"}},
             {"masters: [{name: a, servers: {R1: }}]", "1:31: error", {"found nothing"}},
             {"masters: [{name: a, servers: {R1:10.0.0.1:6379}}]",
              "1:31: error",
              {"write a blank after the colon"}},
             {"masters: [{name: a, servers: [R1]}]", "1:30: error", {"found a list"}}},
            good_sentinels);
        CHECK(told("masters: [{name: a, servers: {\"a-b_c.d:E9\": a:1}}]\n" + good_sentinels)
                  .empty());
    }

    TEST_CASE("two masters may share server names and addresses")
    {
        CHECK(told(
                  "masters: [{name: a, servers: {R1: a:1}}, {name: b, servers: {R1: a:1}}]\n" +
                  good_sentinels)
                  .empty());
    }

    TEST_CASE("a master without servers is warned of")
    {
        check_each(
            {{"masters:\n  - name: a", "2:5: warning", {"master 'a' has no servers"}},
             {"masters:\n  - name: a\n    servers:", "3:5: warning", {"'a' has no servers"}},
             {"masters:\n  - name: a\n    servers: {}", "3:14: warning", {"'a' has no servers"}}},
            good_sentinels);
        CHECK_FALSE(config::load_text("masters: [{name: a}]\n" + good_sentinels, ".").has_errors());
    }

    TEST_CASE(
        "the policy without a quorum is hold, for a while or for ever, or refuse; the wait is a time")
    {
        const auto policy = [](const std::string& text) {
            const auto loaded = config::load_text(
                "masters: [{name: a, servers: {a: a:1}, policy: {" + text + "}}]\n" +
                    good_sentinels,
                ".");
            CHECK(test::told(loaded).empty());
            return loaded.config.masters.at(0).policy;
        };
        CHECK(policy("").no_quorum == verdict::NoQuorum::hold);
        CHECK(policy("").no_quorum_hold == 0s);
        CHECK(policy("no_quorum: refuse").no_quorum == verdict::NoQuorum::refuse);
        CHECK(policy("no_quorum: hold, no_quorum_hold: 30s").no_quorum_hold == 30s);
        CHECK(policy("no_quorum_hold: 0").no_quorum_hold == 0s);
        CHECK(policy("").wait == 8s);
        CHECK(policy("wait: 250ms").wait == 250ms);
        CHECK(policy("wait: 0").wait == 0s);
    }

    TEST_CASE("while the master is in doubt traffic is refused, unless it is to be kept")
    {
        using enum verdict::InDoubt;
        const auto policy = [](const std::string& text) {
            const auto loaded = config::load_text(
                "masters: [{name: a, servers: {a: a:1}, redis: {}, policy: {" + text + "}}]\n" +
                    good_sentinels,
                ".");
            CHECK(test::told(loaded).empty());
            return loaded.config.masters.at(0).policy;
        };
        CHECK(policy("").odown == refuse);
        CHECK(policy("").switching == refuse);
        CHECK(policy("").isolated == refuse);
        CHECK(policy("odown: keep").odown == keep);
        CHECK(policy("odown: keep").switching == refuse);
        CHECK(policy("switching: keep").switching == keep);
        CHECK(policy("isolated: keep").isolated == keep);
        CHECK(policy("isolated: refuse").isolated == refuse);
    }

    TEST_CASE("the nodes are asked when there is a section redis, even an empty one")
    {
        const auto redis = [](const std::string& text) {
            const auto loaded = config::load_text(
                "masters: [{name: a, servers: {a: a:1}" + text + "}]\n" + good_sentinels, ".");
            CHECK(test::told(loaded).empty());
            return loaded.config.masters.at(0).redis;
        };
        CHECK_FALSE(redis(""));
        REQUIRE(redis(", redis: {}"));
        CHECK(redis(", redis: {}")->credentials == config::Credentials());
        CHECK_FALSE(redis(", redis: {}")->tls.enabled);
        CHECK(redis(", redis: "));
        const auto full = redis(", redis: {username: u, password: p, tls: {verify: true}}");
        REQUIRE(full);
        CHECK(full->credentials.username == "u");
        CHECK(full->credentials.password.reveal() == "p");
        CHECK(full->tls.enabled);
        check_each(
            {{"masters: [{name: a, servers: {a: a:1}, redis: {pasword: x}}]",
              "1:48: error",
              {"unknown key 'pasword' in masters.redis; did you mean 'password'?"}},
             {"masters: [{name: a, servers: {a: a:1}, redis: true}]",
              "1:47: error",
              {"masters.redis: expected a mapping", "found a text"}}},
            good_sentinels);
    }

    TEST_CASE("a policy that cannot be is told")
    {
        const std::string begin = "masters:\n  - name: a\n    servers: {a: a:1}\n    policy: ";
        check_each(
            {{begin + "{no_quorum: hodl}",
              "4:25: error",
              {"masters.policy.no_quorum: expected hold or refuse, found 'hodl'; did you mean "
               "'hold'?"}},
             {begin + "{no_quorum_hold: 30}", "4:30: error", {"write a unit: 30ms, 30s"}},
             {begin + "{no_quorum_hold: 9000h}", "4:30: error", {"too long"}},
             {begin + "{no_quorum: refuse, no_quorum_hold: 30s}",
              "4:49: warning",
              {"without effect, as no_quorum is refuse"}},
             {begin + "{wait: 8}", "4:20: error", {"write a unit: 8ms, 8s"}},
             {begin + "{wait: 2m}", "4:20: error", {"out of range; 0ms to 60s"}},
             {begin + "{odown: kep}",
              "4:21: error",
              {"masters.policy.odown: expected refuse or keep, found 'kep'; did you mean 'keep'?"}},
             {begin + "{switching: hold}", "4:25: error", {"expected refuse or keep"}},
             {begin + "{isolated: keep}",
              "4:24: warning",
              {"without effect, as the nodes are not asked; add redis to the master"}}},
            good_sentinels);
    }

    TEST_CASE("connect: a port for all servers, or an address for some")
    {
        using spoa::config::Server;
        const std::string master = "masters: [{name: a, servers: {R1: h1:1, R2: h2:1}, connect: ";
        const auto read = [&](const std::string& connect) {
            return config::load_text(master + connect + "}]\n" + good_sentinels, ".")
                .config.masters.at(0)
                .connect;
        };
        CHECK(read("36379") == std::vector<Server>{{"R1", {"h1", 36379}}, {"R2", {"h2", 36379}}});
        CHECK(read("{R2: 192.0.2.2:7000}") == std::vector<Server>{{"R2", {"192.0.2.2", 7000}}});
        CHECK(
            read("{R2: [192.0.2.2:7000, h2:1]}") ==
            std::vector<Server>{{"R2", {"192.0.2.2", 7000}}, {"R2", {"h2", 1}}});
        check_each(
            {{master + "{R3: h3:1}}]", "1:62: error", {"no server is called 'R3'"}},
             {master + "{R1: h1}}]", "1:66: error", {"has no port"}},
             {master + "0}]", "1:61: error", {"1 to 65535"}},
             {master + "many}]", "1:61: error", {"whole number"}}},
            good_sentinels);
    }
}
