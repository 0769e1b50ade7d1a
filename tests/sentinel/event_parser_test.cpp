#include "sentinel/event_parser.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

using namespace spoa;
using namespace spoa::sentinel;

namespace {

const std::string id40 = "0123456789abcdef0123456789abcdef01234567";

const Endpoint m{"127.0.0.61", 17001};
const Endpoint r{"127.0.0.61", 17003};

const std::string master = "master mymaster 127.0.0.61 17001";
const std::string slave = "slave 127.0.0.61:17003 127.0.0.61 17003 @ mymaster 127.0.0.61 17001";
const std::string observer = "sentinel " + id40 + " 127.0.0.51 27002 @ mymaster 127.0.0.61 17001";
const Endpoint observer_address{"127.0.0.51", 27002};

}  // namespace

TEST_SUITE("sentinel/event_parser")
{
    TEST_CASE("each event that is subscribed to says what it is about and what to do")
    {
        struct Case {
            std::string channel;
            std::string payload;
            Hint hint;
            Subject subject;
            std::string name;
            std::optional<Endpoint> node;
        };
        const std::string name = "mymaster";
        const std::vector<Case> cases{
            // I
            {"+sdown", master, Hint::ask_sender, Subject::master, name, m},
            {"-sdown", master, Hint::ask_sender, Subject::master, name, m},
            {"+odown", master + " #quorum 2/2", Hint::ask_sender, Subject::master, name, m},
            {"-odown", master, Hint::ask_sender, Subject::master, name, m},
            {"+try-failover", master, Hint::ask_all, Subject::master, name, m},
            {"+elected-leader", master, Hint::ask_all, Subject::master, name, m},
            {"+failover-end", master, Hint::ask_sender, Subject::master, name, m},
            {"+failover-end-for-timeout", master, Hint::ask_sender, Subject::master, name, m},
            {"-failover-abort-not-elected", master, Hint::ask_sender, Subject::master, name, m},
            {"-failover-abort-no-good-slave", master, Hint::ask_sender, Subject::master, name, m},
            {"-failover-abort-slave-timeout", master, Hint::ask_sender, Subject::master, name, m},
            {"-failover-abort-master-timeout", master, Hint::ask_sender, Subject::master, name, m},
            {"+reset-master", master, Hint::ask_all, Subject::master, name, m},
            {"+monitor", master + " quorum 2", Hint::ask_all, Subject::master, name, m},
            {"-monitor", master, Hint::ask_all, Subject::master, name, m},
            {"+set",
             master + " down-after-milliseconds 1000",
             Hint::note,
             Subject::master,
             name,
             m},
            {"+reboot", master, Hint::ask_nodes, Subject::master, name, m},
            {"-role-change",
             master + " new reported role is slave",
             Hint::ask_all,
             Subject::master,
             name,
             m},
            // II
            {"+sdown", slave, Hint::ask_replicas, Subject::slave, name, r},
            {"-sdown", slave, Hint::ask_replicas, Subject::slave, name, r},
            {"+sdown", observer, Hint::ask_quorum, Subject::sentinel, name, observer_address},
            {"-sdown", observer, Hint::ask_quorum, Subject::sentinel, name, observer_address},
            {"+sentinel", observer, Hint::ask_quorum, Subject::sentinel, name, observer_address},
            {"+promoted-slave", slave, Hint::ask_sender, Subject::slave, name, r},
            {"+selected-slave", slave, Hint::ask_nodes, Subject::slave, name, r},
            {"+failover-state-send-slaveof-noone", slave, Hint::note, Subject::slave, name, r},
            {"+failover-state-wait-promotion", slave, Hint::ask_nodes, Subject::slave, name, r},
            {"+reboot", slave, Hint::ask_nodes, Subject::slave, name, r},
            {"-role-change",
             slave + " new reported role is master",
             Hint::ask_all,
             Subject::slave,
             name,
             r},
            {"+config-update-from",
             observer,
             Hint::ask_sender,
             Subject::sentinel,
             name,
             observer_address},
            // III
            {"+switch-master",
             "mymaster 127.0.0.61 17001 127.0.0.61 17003",
             Hint::ask_sender,
             Subject::master,
             name,
             r},
            // IV
            {"+tilt", "#tilt mode entered", Hint::note, Subject::none, "", std::nullopt},
            {"-tilt", "#tilt mode exited", Hint::note, Subject::none, "", std::nullopt},
        };
        std::set<std::string_view> covered;
        for (const auto& c : cases) {
            CAPTURE(c.channel);
            CAPTURE(c.payload);
            const auto event = parse_event(c.channel, c.payload);
            REQUIRE(event.has_value());
            CHECK(event->channel == c.channel);
            CHECK(event->hint == c.hint);
            CHECK(event->subject == c.subject);
            CHECK(event->master_name == c.name);
            CHECK(event->node == c.node);
            covered.insert(c.channel);
        }
        for (const auto channel : channels()) {
            CAPTURE(std::string(channel));
            CHECK(covered.contains(channel));
        }
    }

    TEST_CASE("every channel is subscribed to once")
    {
        const std::set<std::string_view> distinct(channels().begin(), channels().end());
        CHECK(distinct.size() == channels().size());
    }

    TEST_CASE("the event's channel outlives the message it came in")
    {
        std::string channel = "+tilt";
        const auto event = parse_event(channel, "#tilt mode entered");
        channel.assign(channel.size(), 'x');
        CHECK(event->channel == "+tilt");
        CHECK(std::ranges::find(channels(), event->channel) != channels().end());
    }

    TEST_CASE("what changes no answer is not subscribed to and means nothing")
    {
        for (const std::string channel :
             {"+failover-state-select-slave",
              "+failover-state-reconf-slaves",
              "+new-epoch",
              "+vote-for-leader",
              "+slave",
              "+slave-reconf-sent",
              "+slave-reconf-inprog",
              "+slave-reconf-done",
              "+slave-reconf-sent-be",
              "+convert-to-slave",
              "+fix-slave-config",
              "+role-change",
              "+sentinel-address-switch",
              "+sentinel-invalid-addr",
              "__sentinel__:hello",
              "switch-master",
              "+switch-master ",
              "+SDOWN",
              ""}) {
            CAPTURE(channel);
            CHECK(std::ranges::find(channels(), channel) == channels().end());
            for (const auto& payload : {master, slave, observer, std::string("7"), id40 + " 7"})
                CHECK_FALSE(parse_event(channel, payload).has_value());
        }
    }

    TEST_CASE("a layout with words missing or too many means nothing")
    {
        struct Case {
            std::string channel;
            std::string payload;
        };
        const std::vector<Case> cases{
            {"+odown", "master"},
            {"+odown", "master mymaster"},
            {"+odown", "master mymaster 127.0.0.61"},
            {"+promoted-slave", "slave 127.0.0.61:17003 127.0.0.61 17003"},
            {"+promoted-slave", "slave 127.0.0.61:17003 127.0.0.61 17003 @"},
            {"+promoted-slave", "slave 127.0.0.61:17003 127.0.0.61 17003 @ mymaster 127.0.0.61"},
            {"+promoted-slave",
             "slave 127.0.0.61:17003 127.0.0.61 17003 # mymaster 127.0.0.61 17001"},
            {"+config-update-from", "sentinel " + id40 + " 127.0.0.51 27002"},
            {"+switch-master", ""},
            {"+switch-master", "mymaster"},
            {"+switch-master", "mymaster 127.0.0.61 17001 127.0.0.61"},
            {"+switch-master", "mymaster 127.0.0.61 17001 127.0.0.61 17003 x"},
            {"+switch-master", "my master 127.0.0.61 17001 127.0.0.61 17003"},
        };
        for (const auto& c : cases) {
            CAPTURE(c.channel);
            CAPTURE(c.payload);
            CHECK_FALSE(parse_event(c.channel, c.payload).has_value());
        }
    }

    TEST_CASE("an event cut at any byte names no other master")
    {
        for (const auto& payload : {master, slave, observer})
            for (std::size_t size = 0; size < payload.size(); ++size) {
                CAPTURE(payload.substr(0, size));
                const auto event = parse_event("+sdown", payload.substr(0, size));
                if (!event || event->subject == Subject::none)
                    continue;
                CHECK(event->master_name == "mymaster");
            }
    }

    TEST_CASE("an address that is none leaves the event, which is a hint to ask anyway")
    {
        for (const std::string address : {" 17003", "127.0.0.61 0", "127.0.0.61 65536", "a x"}) {
            CAPTURE(address);
            const auto event =
                parse_event("+switch-master", "mymaster 127.0.0.61 17001 " + address);
            REQUIRE(event.has_value());
            CHECK(event->hint == Hint::ask_sender);
            CHECK_FALSE(event->node.has_value());
        }
    }

    TEST_CASE("host names and IPv6 are addresses like any other")
    {
        CHECK(
            parse_event("+switch-master", "a redis-1 6379 redis-2 6379")->node ==
            Endpoint{"redis-2", 6379});
        CHECK(
            parse_event("+sdown", "master a 2001:db8::1 6379")->node ==
            Endpoint{"2001:db8::1", 6379});
        const auto event = parse_event(
            "+promoted-slave", "slave [2001:db8::2]:6379 2001:db8::2 6379 @ a 2001:db8::1 6379");
        CHECK(event->node == Endpoint{"2001:db8::2", 6379});
        CHECK(event->master_name == "a");
    }

    TEST_CASE("a master whose name is a word of the layout is still a name")
    {
        CHECK(parse_event("+sdown", "master slave 127.0.0.61 17001")->master_name == "slave");
        CHECK(parse_event("+sdown", "master @ 127.0.0.61 17001")->master_name == "@");
        CHECK(parse_event("+switch-master", "master 127.0.0.61 17001 127.0.0.61 17003")->node == r);
    }

    TEST_CASE("a name may have any signs, and blanks where it is known")
    {
        const std::string eighty(80, 'x');
        for (const std::string& name :
             {std::string("demo/rd-demo"), std::string("orders+shard1+dc1"), eighty}) {
            CHECK(parse_event("+sdown", "master " + name + " 10.0.0.1 6379")->master_name == name);
            CHECK(parse_event("+switch-master", name + " a 1 b 2")->master_name == name);
        }
        const std::vector<std::string> spaced{"my cache", "my cache 2", "a 10.0.0.1 6379", "x "};
        const Endpoint at{"10.0.0.1", 6379};
        for (const auto& name : spaced) {
            CAPTURE(name);
            const auto down =
                parse_event("+odown", "master " + name + " 10.0.0.1 6379 #quorum 2/2", spaced);
            REQUIRE(down);
            CHECK(down->master_name == name);
            CHECK(down->node == at);
            const auto slave = parse_event(
                "+failover-state-send-slaveof-noone",
                "slave 10.0.0.2:6379 10.0.0.2 6379 @ " + name + " 10.0.0.1 6379",
                spaced);
            REQUIRE(slave);
            CHECK(slave->master_name == name);
            CHECK(slave->node == Endpoint{"10.0.0.2", 6379});
            CHECK(slave->master == at);
            const auto moved =
                parse_event("+switch-master", name + " 10.0.0.1 6379 10.0.0.2 6379", spaced);
            REQUIRE(moved);
            CHECK(moved->master_name == name);
            CHECK(moved->node == Endpoint{"10.0.0.2", 6379});
        }
        CHECK(parse_event("+sdown", "master my 10.0.0.1 6379", spaced)->master_name == "my");
        CHECK_FALSE(parse_event("+sdown", "master my cached 10.0.0.1 6379", spaced).has_value());
    }

    TEST_CASE("a name with blanks that nobody here watches is not taken for another one")
    {
        CHECK_FALSE(parse_event("+sdown", "master my other cache 10.0.0.1 6379").has_value());
        CHECK_FALSE(
            parse_event("+promoted-slave", "slave 10.0.0.2:1 10.0.0.2 1 @ my cache 10.0.0.1 6379")
                .has_value());
        CHECK_FALSE(
            parse_event("+switch-master", "my cache 10.0.0.1 6379 10.0.0.2 6379").has_value());
    }

    TEST_CASE("a long payload costs no more than its first words")
    {
        std::string payload = master;
        for (int i = 0; i < 100'000; ++i)
            payload += " x";
        CHECK(parse_event("+odown", payload)->master_name == "mymaster");
    }
}
