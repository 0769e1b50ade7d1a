#include "sentinel/reply_parser.hpp"

#include "resp/reader.hpp"
#include "sentinel/replies.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

using namespace spoa;
using namespace spoa::sentinel;
using namespace std::chrono_literals;
using spoa::test::address_reply;
using spoa::test::array;
using spoa::test::bulk;
using spoa::test::error;
using spoa::test::fields_reply;
using spoa::test::integer;
using spoa::test::master_reply;
using spoa::test::nil;
using spoa::test::status;

namespace {

constexpr TimePoint now = TimePoint(1h);

// A Sentinel at rest.
const auto address_m = address_reply("127.0.0.61", "17001");
const auto master_m = master_reply("127.0.0.61", "17001", "4");
const Endpoint endpoint_m{"127.0.0.61", 17001};
const Endpoint endpoint_r{"127.0.0.61", 17003};

const auto no_such_master = error("ERR No such master with that name");

// A vote from a GET that answers the same twice.
Answer<Vote> vote(const resp::Value& address, const resp::Value& master)
{
    return parse_vote(address, master, address, now);
}

template <class T>
Refused refused(const Answer<T>& answer)
{
    return std::get<Refused>(answer);
}

// The values of pipelined replies.
std::vector<resp::Value> replies_in(std::string_view wire)
{
    resp::Reader reader;
    reader.feed(wire);
    std::vector<resp::Value> values;
    while (auto value = reader.next().value())
        values.push_back(*std::move(value));
    return values;
}

}  // namespace

TEST_SUITE("sentinel/reply_parser")
{
    TEST_CASE("address, epoch and flags of a Sentinel at rest are a vote")
    {
        const auto given = std::get<Vote>(vote(address_m, master_m));
        CHECK(given.address == endpoint_m);
        CHECK(given.config_epoch == 4);
        CHECK(given.flags == Flags{});
        CHECK(given.answered_at == now);
        CHECK(given.sentinel_id.empty());
    }

    TEST_CASE("the leader after the promotion: the new address and epoch, nobody's flags")
    {
        // GET, MASTER, GET of the leader between +promoted-slave and +switch-master (Redis 7.0).
        const auto replies = replies_in(
            "*2\r\n$10\r\n127.0.0.61\r\n$5\r\n17003\r\n"
            "*40\r\n$4\r\nname\r\n$8\r\nmymaster\r\n$2\r\nip\r\n$10\r\n127.0.0.61\r\n"
            "$4\r\nport\r\n$5\r\n17001\r\n$5\r\nrunid\r\n$0\r\n\r\n"
            "$5\r\nflags\r\n$54\r\ns_down,o_down,master,disconnected,failover_in_progress\r\n"
            "$21\r\nlink-pending-commands\r\n$1\r\n0\r\n$13\r\nlink-refcount\r\n$1\r\n1\r\n"
            "$14\r\nfailover-state\r\n$13\r\nreconf_slaves\r\n"
            "$14\r\nlast-ping-sent\r\n$4\r\n2214\r\n$18\r\nlast-ok-ping-reply\r\n$4\r\n2298\r\n"
            "$15\r\nlast-ping-reply\r\n$4\r\n2298\r\n$11\r\ns-down-time\r\n$4\r\n1205\r\n"
            "$11\r\no-down-time\r\n$4\r\n1137\r\n$23\r\ndown-after-milliseconds\r\n$4\r\n1000\r\n"
            "$12\r\ninfo-refresh\r\n$4\r\n2298\r\n$12\r\nconfig-epoch\r\n$1\r\n5\r\n"
            "$10\r\nnum-slaves\r\n$1\r\n2\r\n$19\r\nnum-other-sentinels\r\n$1\r\n2\r\n"
            "$6\r\nquorum\r\n$1\r\n2\r\n$14\r\nparallel-syncs\r\n$1\r\n5\r\n"
            "*2\r\n$10\r\n127.0.0.61\r\n$5\r\n17003\r\n");
        REQUIRE(replies.size() == 3);
        const auto given = std::get<Vote>(parse_vote(replies[0], replies[1], replies[2], now));
        CHECK(given.address == endpoint_r);
        CHECK(given.config_epoch == 5);
        CHECK(given.flags == Flags{});
    }

    TEST_CASE("flags are those that matter, among any other words")
    {
        struct Case {
            std::string words;
            Flags flags;
        };
        const std::vector<Case> cases{
            {"", {}},
            {"master", {}},
            {"master,disconnected", {.disconnected = true}},
            {"s_down,master", {.s_down = true}},
            {"s_down,o_down,master,disconnected", {true, true, false, true}},
            {"master,failover_in_progress,force_failover", {.failover_in_progress = true}},
            {"master_reboot,coming_in_2030,o_down", {.o_down = true}},
            {"master,failover_in_progress,coordinated_failover", {.failover_in_progress = true}},
            {",,s_down,", {.s_down = true}},
            {"xs_down,o_downx,S_DOWN", {}},
        };
        for (const auto& c : cases) {
            CAPTURE(c.words);
            const auto given =
                std::get<Vote>(vote(address_m, master_reply("127.0.0.61", "17001", "4", c.words)));
            CHECK(given.flags == c.flags);
        }
    }

    TEST_CASE("MASTER's fields are read by name, in any order and among unknown ones")
    {
        const auto shuffled = fields_reply(
            {{"flags", "o_down,master"},
             {"config-epoch", "18446744073709551615"},
             {"coming-in-2030", ""},
             {"", "x"},
             {"port", "17001"},
             {"PORT", "1"},
             {"ip", "127.0.0.61"}});
        const auto given = std::get<Vote>(vote(address_m, shuffled));
        CHECK(given.config_epoch == ~std::uint64_t{0});
        CHECK(given.flags.o_down);
    }

    TEST_CASE("an address that changed between the two questions makes a torn vote")
    {
        const auto address_r = address_reply("127.0.0.61", "17003");
        CHECK(refused(parse_vote(address_m, master_m, address_r, now)).why == Refusal::torn);
        CHECK(refused(parse_vote(address_m, master_m, nil(), now)).why == Refusal::torn);
        CHECK(refused(parse_vote(nil(), master_m, address_m, now)).why == Refusal::torn);
        CHECK_FALSE(is_permanent(Refusal::torn));
    }

    TEST_CASE("nil and 'No such master' together say that the name is not monitored")
    {
        const auto given = std::get<Vote>(vote(nil(), no_such_master));
        CHECK_FALSE(given.address.has_value());
        CHECK(given.config_epoch == 0);
        CHECK(given.flags == Flags{});
        CHECK(given.answered_at == now);
    }

    TEST_CASE("a name that came or went between the questions makes a torn vote")
    {
        CHECK(refused(vote(nil(), master_m)).why == Refusal::torn);
        CHECK(refused(vote(address_m, no_such_master)).why == Refusal::torn);
        CHECK(refused(parse_vote(nil(), no_such_master, address_m, now)).why == Refusal::torn);
    }

    TEST_CASE("every error text says what is wrong, and none is a vote")
    {
        struct Case {
            std::string text;
            Refusal why;
            bool permanent;
        };
        const std::vector<Case> cases{
            {"NOAUTH Authentication required.", Refusal::noauth, true},
            {"WRONGPASS invalid username-password pair or user is disabled.",
             Refusal::wrongpass,
             true},
            {"NOPERM this user has no permissions to run the 'sentinel|failover' command",
             Refusal::noperm,
             true},
            {"NOPERM this user has no permissions to access one of the channels used as arguments",
             Refusal::noperm,
             true},
            {"ERR AUTH <password> called without any password configured for the default user. "
             "Are you sure your configuration is correct?",
             Refusal::wrongpass,
             true},
            {"ERR invalid password", Refusal::wrongpass, true},                          // 5.0
            {"ERR Client sent AUTH, but no password is set", Refusal::wrongpass, true},  // 5.0
            {"ERR unknown command 'SENTINEL', with args beginning with: 'MASTER' ",
             Refusal::unknown_command,
             true},
            {"ERR unknown command `SENTINEL`, with args beginning with: `MASTER`, ",
             Refusal::unknown_command,
             true},
            {"ERR Unknown sentinel subcommand 'MYID'", Refusal::unknown_command, true},  // 5.0
            {"ERR Unknown subcommand or wrong number of arguments for 'MYID'. Try SENTINEL HELP.",
             Refusal::unknown_command,
             true},  // 6.2
            {"ERR unknown subcommand 'MYID'. Try SENTINEL HELP.", Refusal::unknown_command, true},
            {"LOADING Redis is loading the dataset in memory", Refusal::other_error, false},
            {"ERR max number of clients reached", Refusal::other_error, false},
            {"", Refusal::other_error, false},
        };
        for (const auto& c : cases) {
            CAPTURE(c.text);
            const auto classified = classify({c.text});
            CHECK(classified.why == c.why);
            CHECK(classified.text == (c.text.size() > 120 ? c.text.substr(0, 120) + "…" : c.text));
            CHECK(is_permanent(classified.why) == c.permanent);

            CHECK(refused(vote(error(c.text), master_m)).why == c.why);
            CHECK(refused(vote(address_m, error(c.text))).why == c.why);
            CHECK(refused(parse_vote(address_m, master_m, error(c.text), now)).why == c.why);
        }
    }

    TEST_CASE("a peer's words are made fit for a log line")
    {
        const auto text = classify({"ERR a\r\nb\x1b[2J\x7f" + std::string(1000, 'x')}).text;
        CHECK(text.starts_with("ERR a??b?[2J?xxx"));
        CHECK(text.size() == 120 + std::string("…").size());
    }

    TEST_CASE("a password that a peer echoes is not shown, and the refusal is understood as before")
    {
        hide_secret("pass-ERR-AUTH-Xy7");
        const auto refused = classify({"ERR AUTH pass-ERR-AUTH-Xy7 called without any password"});
        CHECK(refused.why == Refusal::wrongpass);
        CHECK(refused.text == "ERR *** *** called without any ***word");
        CHECK(nearest_names("m", {"pass-ERR-AUTH-Xy7"}) == std::vector<std::string>{"***"});
    }

    TEST_CASE("an address of another shape is not understood")
    {
        for (const auto& address :
             {status("OK"),
              bulk("127.0.0.61"),
              integer(1),
              array({}),
              array({bulk("127.0.0.61")}),
              array({bulk("127.0.0.61"), bulk("17001"), bulk("x")}),
              array({bulk("127.0.0.61"), integer(17001)}),
              array({nil(), nil()}),
              array({array({}), bulk("17001")}),
              address_reply("", "17001"),
              address_reply("127.0.0.61", ""),
              address_reply("127.0.0.61", "0"),
              address_reply("127.0.0.61", "65536"),
              address_reply("127.0.0.61", "17001x"),
              address_reply("a b", "17001"),
              address_reply("a\nb", "17001")}) {
            CHECK(refused(vote(address, master_m)).why == Refusal::not_understood);
            CHECK(
                refused(parse_vote(address_m, master_m, address, now)).why ==
                Refusal::not_understood);
        }
    }

    TEST_CASE("a MASTER of another shape is not understood")
    {
        auto odd = std::get<resp::Array>(master_m.data);
        odd.push_back(bulk("quorum"));
        for (const auto& master :
             {status("OK"),
              nil(),
              integer(1),
              array({}),
              array({bulk("ip")}),
              array(odd),
              array({bulk("ip"), nil()}),
              array({integer(1), bulk("x")}),
              array({bulk("ip"), array({})}),
              master_reply("", "17001", "4"),
              master_reply("127.0.0.61", "", "4"),
              master_reply("127.0.0.61", "0", "4"),
              master_reply("127.0.0.61", "65536", "4"),
              master_reply("127.0.0.61", "17001", ""),
              master_reply("127.0.0.61", "17001", "-1"),
              master_reply("127.0.0.61", "17001", "4x"),
              master_reply("127.0.0.61", "17001", "18446744073709551616"),
              fields_reply({{"port", "17001"}, {"config-epoch", "4"}}),
              fields_reply({{"ip", "127.0.0.61"}, {"config-epoch", "4"}}),
              fields_reply({{"ip", "127.0.0.61"}, {"port", "17001"}})})
            CHECK(refused(vote(address_m, master)).why == Refusal::not_understood);
        CHECK(is_permanent(Refusal::not_understood));
    }

    TEST_CASE("a master without the field flags has none")
    {
        const auto master =
            fields_reply({{"ip", "127.0.0.61"}, {"port", "17001"}, {"config-epoch", "4"}});
        CHECK(std::get<Vote>(vote(address_m, master)).flags == Flags{});
    }

    TEST_CASE("host names and IPv6 are addresses like any other")
    {
        struct Case {
            std::string host;
            Endpoint endpoint;
        };
        const std::vector<Case> cases{
            {"redis-1.example.org", {"redis-1.example.org", 6379}},
            {"2001:db8::1", {"2001:db8::1", 6379}},
            {"2001:DB8:0:0:0:0:0:1", {"2001:db8::1", 6379}},
        };
        for (const auto& c : cases) {
            CAPTURE(c.host);
            const auto master = master_reply(c.host, "6379", "1", "o_down");
            const auto given = std::get<Vote>(vote(address_reply(c.host, "6379"), master));
            CHECK(given.address == c.endpoint);
            CHECK(given.flags.o_down);
        }
    }

    TEST_CASE("one address written in two ways is one address")
    {
        const auto given = std::get<Vote>(parse_vote(
            address_reply("::1", "6379"),
            master_reply("0:0:0:0:0:0:0:1", "6379", "1", "s_down"),
            address_reply("::0:1", "6379"),
            now));
        CHECK(given.flags.s_down);
    }

    TEST_CASE("at rest MASTER alone repeats a vote, with new flags and time")
    {
        const auto last = std::get<Vote>(vote(address_m, master_m));
        const auto master = master_reply("127.0.0.61", "17001", "4", "master,s_down");
        const auto repeated = std::get<Vote>(repeat_vote(last, master, now + 500ms));
        auto expected = last;
        expected.flags.s_down = true;
        expected.answered_at = now + 500ms;
        CHECK(repeated == expected);
    }

    TEST_CASE(
        "a MASTER that says anything else, or of a failover, must be followed by the full question")
    {
        const auto last = std::get<Vote>(vote(address_m, master_m));
        const auto why = [&](const resp::Value& master) {
            return refused(repeat_vote(last, master, now)).why;
        };
        CHECK(why(master_reply("127.0.0.61", "17001", "5")) == Refusal::torn);
        CHECK(why(master_reply("127.0.0.61", "17001", "3")) == Refusal::torn);
        CHECK(why(master_reply("127.0.0.61", "17003", "4")) == Refusal::torn);
        CHECK(
            why(master_reply("127.0.0.61", "17001", "4", "master,failover_in_progress")) ==
            Refusal::torn);
        CHECK(why(no_such_master) == Refusal::torn);
        CHECK(why(error("NOAUTH x")) == Refusal::noauth);
    }

    TEST_CASE("'not monitored' is never repeated by MASTER alone")
    {
        const auto last = std::get<Vote>(vote(nil(), no_such_master));
        CHECK(refused(repeat_vote(last, no_such_master, now)).why == Refusal::torn);
        CHECK(refused(repeat_vote(last, master_m, now)).why == Refusal::torn);
    }

    TEST_CASE(
        "MASTER tells how far a failover is, how long a PONG is owed, and how many peers there are")
    {
        const auto with = [](const std::string& state) {
            return array(
                {bulk("ip"),
                 bulk("10.0.0.1"),
                 bulk("port"),
                 bulk("6379"),
                 bulk("flags"),
                 bulk("master,failover_in_progress"),
                 bulk("config-epoch"),
                 bulk("4"),
                 bulk("failover-state"),
                 bulk(state),
                 bulk("last-ping-sent"),
                 bulk("412"),
                 bulk("failover-timeout"),
                 bulk("10000"),
                 bulk("num-other-sentinels"),
                 bulk("2")});
        };
        const auto address = address_reply("10.0.0.1", "6379");
        for (const auto* const state : {"send_slaveof_noone", "wait_promotion", "reconf_slaves"})
            CHECK(std::get<Vote>(parse_vote(address, with(state), address, now)).flags.promoting);
        for (const auto* const state : {"wait_start", "select_slave", "none", "something_new"})
            CHECK_FALSE(
                std::get<Vote>(parse_vote(address, with(state), address, now)).flags.promoting);
        const auto given = std::get<Vote>(parse_vote(address, with("none"), address, now));
        CHECK(given.ping_pending == 412ms);
        CHECK(given.failover_timeout == 10'000ms);
        CHECK(given.known_sentinels == 3);
    }

    TEST_CASE("a PING is pending only if it was sent after the last answer")
    {
        const auto pending = [](const char* sent, const char* ok, const char* any) {
            const auto address = address_reply("10.0.0.1", "6379");
            const auto fields = fields_reply(
                {{"ip", "10.0.0.1"},
                 {"port", "6379"},
                 {"config-epoch", "7"},
                 {"last-ping-sent", sent},
                 {"last-ok-ping-reply", ok},
                 {"last-ping-reply", any}});
            return std::get<Vote>(parse_vote(address, fields, address, now)).ping_pending;
        };
        CHECK(pending("412", "1403", "1403") == 412ms);
        CHECK(pending("0", "120", "120") == 0ms);
        // Its link is down since a switch: no PING was sent.
        CHECK(pending("412", "412", "412") == 0ms);
        CHECK(pending("413", "412", "412") == 0ms);  // two looks at its clock
        // It answered with an error, as BUSY.
        CHECK(pending("412", "1403", "80") == 0ms);
        CHECK(pending("412", "rubbish", "-5") == 0ms);
    }

    TEST_CASE("CKQUORUM says yes, no, or nothing that counts")
    {
        CHECK(
            parse_ckquorum(status(
                "OK 3 usable Sentinels. Quorum and failover authorization can be reached")) ==
            false);
        CHECK(
            parse_ckquorum(error("NOQUORUM 1 usable Sentinels. Not enough available Sentinels")) ==
            true);
        CHECK(parse_ckquorum(error("NOPERM this user has no permissions")) == std::nullopt);
        CHECK(parse_ckquorum(nil()) == std::nullopt);
    }

    TEST_CASE("the replicas that a Sentinel does not see, of its list")
    {
        const auto entry = [](const std::string& port, const std::string& flags) {
            return fields_reply(
                {{"name", "10.0.0.2:" + port},
                 {"ip", "10.0.0.2"},
                 {"port", port},
                 {"runid", ""},
                 {"flags", flags},
                 {"master-link-status", "err"},
                 {"master-host", "10.0.0.1"},
                 {"master-port", "1"},
                 {"replica-announced", "1"}});
        };
        const auto list = array(
            {entry("1", "slave"),
             entry("2", "s_down,slave,disconnected"),
             entry("3", "slave,disconnected"),
             entry("4", "s_down,slave"),
             entry("5", "slave,promoted,coming_in_2030,s_downs")});
        CHECK(
            std::get<KnownReplicas>(parse_replicas(list)).unseen ==
            std::vector<UnseenReplica>{
                {{"10.0.0.2", 2}, true}, {{"10.0.0.2", 3}, false}, {{"10.0.0.2", 4}, true}});
        CHECK(std::get<KnownReplicas>(parse_replicas(array({}))).unseen.empty());
    }

    TEST_CASE("a replica may be promoted unless its priority is 0, seen or unseen")
    {
        const auto entry =
            [](const std::string& port, const std::string& flags, const std::string& priority) {
                return fields_reply(
                    {{"ip", "10.0.0.2"},
                     {"port", port},
                     {"flags", flags},
                     {"slave-priority", priority}});
            };
        const auto list = array(
            {entry("1", "slave", "100"),
             entry("2", "slave,s_down", "1"),
             entry("3", "slave", "0")});
        CHECK(
            std::get<KnownReplicas>(parse_replicas(list)).promotable ==
            std::vector<Endpoint>{{"10.0.0.2", 1}, {"10.0.0.2", 2}});
    }

    TEST_CASE("the processes behind host names are noted, by their run ids")
    {
        const auto entry = [](const std::string& ip, const std::string& run_id) {
            return fields_reply({{"ip", ip}, {"port", "1"}, {"flags", "slave"}, {"runid", run_id}});
        };
        const std::string id(40, 'a');
        const auto list = array(
            {entry("redis-1", id),
             entry("redis-2", ""),
             entry("redis-3", id + id),
             entry("10.0.0.2", id)});
        const std::vector<KnownProcess> first{{{"redis-1", 1}, id}};
        CHECK(std::get<KnownReplicas>(parse_replicas(list)).processes == first);

        const auto address = address_reply("redis-1", "1");
        const auto master = master_reply("redis-1", "1", "4");
        CHECK(std::get<Vote>(vote(address, master)).processes == first);
        // On the leader of a failover MASTER is about the old one.
        const auto next = address_reply("redis-2", "1");
        CHECK(std::get<Vote>(vote(next, master)).processes.empty());
    }

    TEST_CASE("a replica without a usable address is left out, the others count")
    {
        const auto entry = [](const std::string& ip, const std::string& port) {
            return fields_reply({{"flags", "s_down,slave"}, {"port", port}, {"ip", ip}});
        };
        const auto list = array(
            {entry("", "1"),
             entry("10.0.0.2", "0"),
             entry("10.0.0.2", "65536"),
             entry("10.0.0.2", "x"),
             entry("a b", "1"),
             fields_reply({{"flags", "s_down"}}),
             fields_reply({}),
             entry("::1", "6379"),
             entry("redis-2.example", "6379")});
        CHECK(
            std::get<KnownReplicas>(parse_replicas(list)).unseen ==
            std::vector<UnseenReplica>{{{"::1", 6379}, true}, {{"redis-2.example", 6379}, true}});
    }

    TEST_CASE("a list of replicas of another shape says nothing of any")
    {
        const auto good = fields_reply({{"ip", "a"}, {"port", "1"}, {"flags", "s_down"}});
        for (const auto& reply :
             {nil(),
              integer(1),
              bulk("s_down"),
              status("OK"),
              array({bulk("ip"), bulk("a")}),
              array({good, nil()}),
              array({good, array({bulk("ip")})}),
              array({good, array({bulk("ip"), integer(1)})}),
              array({good, array({nil(), bulk("a")})}),
              array({good, array({array({}), nil()})})})
            CHECK(refused(parse_replicas(reply)).why == Refusal::not_understood);
        CHECK(refused(parse_replicas(no_such_master)).why == Refusal::other_error);
        CHECK(refused(parse_replicas(error("NOPERM x"))).why == Refusal::noperm);
        CHECK(
            refused(parse_replicas(error("ERR Unknown sentinel subcommand 'REPLICAS'"))).why ==
            Refusal::unknown_command);
    }

    TEST_CASE("INFO tells of TILT")
    {
        CHECK(parse_tilt(bulk("# Sentinel\r\nsentinel_masters:1\r\nsentinel_tilt:1\r\n")));
        CHECK_FALSE(parse_tilt(bulk("# Sentinel\r\nsentinel_masters:1\r\nsentinel_tilt:0\r\n")));
        CHECK_FALSE(parse_tilt(error("NOPERM")));
    }

    TEST_CASE("INFO tells which names there are")
    {
        CHECK(
            parse_monitored(bulk(
                "# Sentinel\r\nsentinel_masters:2\r\nsentinel_tilt:0\r\n"
                "master0:name=myMaster,status=ok,address=127.0.0.1:6379,slaves=2,sentinels=3\r\n"
                "master1:name=a,b,status=sdown,address=127.0.0.1:6380,slaves=0,sentinels=1\r\n"
                "master2:name=\x1b[31m,status=ok\r\nmaster3:name=cut")) ==
            std::vector<std::string>{"myMaster", "a,b", "\x1b[31m"});  // cleaned where it is shown
        CHECK(parse_monitored(error("NOPERM")).empty());
        CHECK(parse_monitored(bulk("")).empty());
    }

    TEST_CASE("the name that differs in its capitals is shown alone, else the first few")
    {
        using Names = std::vector<std::string>;
        CHECK(nearest_names("mymaster", {"a", "b", "c", "d", "myMaster"}) == Names{"myMaster"});
        CHECK(nearest_names("mymaster", {"a", "b", "c", "d"}) == Names{"a", "b", "c"});
        CHECK(nearest_names("mymaster", {"mymaster"}).empty());
        CHECK(nearest_names("mymaster", {}).empty());
    }

    TEST_CASE("an identity is 40 hex digits")
    {
        const std::string id = "0123456789abcdef0123456789abcdef01234567";
        CHECK(std::get<std::string>(parse_myid(bulk(id))) == id);
        for (const auto& reply :
             {nil(), integer(1), array({bulk(id)}), bulk(""), bulk(id + "0"), bulk(id.substr(1))})
            CHECK(refused(parse_myid(reply)).why == Refusal::not_understood);
    }

    TEST_CASE("40 other characters are no identity")
    {
        CHECK(std::holds_alternative<Refused>(parse_myid(bulk(std::string(40, ' ')))));
        CHECK(std::holds_alternative<Refused>(parse_myid(bulk(std::string(40, 'z')))));
    }

    TEST_CASE("where MYID is unknown or not allowed the identity is empty")
    {
        for (const std::string text :
             {"ERR Unknown sentinel subcommand 'MYID'",
              "ERR Unknown subcommand or wrong number of arguments for 'MYID'.",
              "NOPERM this user has no permissions to run the 'sentinel|myid' command"}) {
            CAPTURE(text);
            CHECK(std::get<std::string>(parse_myid(error(text))).empty());
        }
        CHECK(refused(parse_myid(error("NOAUTH x"))).why == Refusal::noauth);
        CHECK(refused(parse_myid(error("LOADING x"))).why == Refusal::other_error);
    }
}
