// The link against a scripted peer in the same event loop: what a real Sentinel does only by
// accident. Against real Sentinels it is tested end to end.
#include "net/sentinel_link.hpp"

#include "net/event_loop.hpp"
#include "net/scripted_peer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

using namespace spoa;
using namespace std::chrono_literals;
using spoa::test::bulk;
using spoa::test::ScriptedPeer;

namespace {

// Writes down what it hears.
class Notes final : public net::SentinelListener {
public:
    void on_up(std::size_t) override { ++ups; }
    void on_down(std::size_t, const net::LinkFailure& failure) override
    {
        downs.push_back(failure);
    }
    void on_vote(std::size_t, std::size_t, sentinel::Vote vote) override
    {
        votes.push_back(std::move(vote));
    }
    void on_no_vote(std::size_t, std::size_t, const sentinel::Refused& refused) override
    {
        refusals.push_back(refused);
    }
    void on_no_replicas(std::size_t, std::size_t, const sentinel::Refused& refused) override
    {
        no_replicas.push_back(refused);
    }
    void on_no_password(std::size_t) override { ++without_password; }
    void on_event(std::size_t, const sentinel::Event& event) override
    {
        events.emplace_back(event.channel);
    }
    void on_flood(std::size_t, std::chrono::milliseconds) override { ++floods; }
    void on_flood_over(std::size_t) override { ++floods_over; }
    void on_answer_time(std::size_t, std::chrono::nanoseconds) override {}

    int ups = 0;
    int without_password = 0;
    int floods = 0;
    int floods_over = 0;
    std::vector<net::LinkFailure> downs;
    std::vector<sentinel::Vote> votes;
    std::vector<sentinel::Refused> refusals;
    std::vector<sentinel::Refused> no_replicas;
    std::vector<std::string> events;
};

struct Fixture : test::EventLoop {
    ScriptedPeer peer{context};
    Notes notes;
    net::SentinelSettings settings;
    std::unique_ptr<net::SentinelLink> link;

    Fixture()
    {
        settings.address = {"127.0.0.1", peer.port()};
        settings.names = {{"mymaster"}};
        settings.poll_interval = 50ms;
    }
    ~Fixture() { end(peer); }

    void start()
    {
        link = std::make_unique<net::SentinelLink>(context.get_executor(), 0, settings, notes);
        tasks.spawn(link->run());
    }
};

}  // namespace

TEST_SUITE("net/sentinel_link")
{
    TEST_CASE("it subscribes before it asks, and a vote carries address, epoch and identity")
    {
        Fixture f;
        f.start();
        REQUIRE(f.await([&] { return !f.notes.votes.empty(); }));
        CHECK(f.peer.commands.at(0) == "PING");
        CHECK(f.peer.commands.at(1).starts_with("SUBSCRIBE "));
        CHECK(f.peer.commands.at(2) == "PING");
        CHECK(f.peer.commands.at(3) == "SENTINEL MYID");
        const auto& vote = f.notes.votes.front();
        CHECK(vote.address == Endpoint{"10.0.0.1", 6379});
        CHECK(vote.config_epoch == 7);
        CHECK(vote.sentinel_id == std::string(40, 'a'));
        CHECK(f.peer.connections == 2);
    }

    TEST_CASE("at rest a poll is one question, and no new connection")
    {
        Fixture f;
        f.start();
        REQUIRE(f.await([&] { return f.notes.votes.size() >= 5; }));
        std::size_t asked = 0;
        for (const auto& command : f.peer.commands)
            asked += command.starts_with("SENTINEL GET-MASTER") ||
                     command.starts_with("SENTINEL MASTER");
        CHECK(asked <= 3 + (f.notes.votes.size() - 1) + 1);
        CHECK(f.peer.connections == 2);
    }

    TEST_CASE("a changed answer is asked for in full before it counts")
    {
        Fixture f;
        f.start();
        REQUIRE(f.await([&] { return f.notes.votes.size() == 2; }));
        f.peer.address = "10.0.0.2";
        f.peer.epoch = "8";
        f.peer.commands.clear();
        REQUIRE(f.await([&] { return f.notes.votes.back().config_epoch == 8; }));
        CHECK(f.notes.votes.back().address == Endpoint{"10.0.0.2", 6379});
        CHECK(f.peer.commands.size() >= 4);  // the one that differed, then all three
    }

    TEST_CASE("an event is told, and ask_now asks before the poll is due")
    {
        Fixture f;
        f.settings.poll_interval = 60s;
        f.start();
        REQUIRE(f.await([&] { return !f.notes.votes.empty(); }));
        f.peer.publish("+switch-master", "mymaster 10.0.0.1 6379 10.0.0.2 6379");
        REQUIRE(f.await([&] { return !f.notes.events.empty(); }));
        CHECK(f.notes.events.front() == "+switch-master");
        f.peer.address = "10.0.0.2";
        f.link->ask_now(0);
        REQUIRE(f.await([&] { return f.notes.votes.size() == 2; }));
        CHECK(f.notes.votes.back().address == Endpoint{"10.0.0.2", 6379});
    }

    TEST_CASE("an event of a name with a blank is told, also of one that came by a reload")
    {
        Fixture f;
        f.settings.names = {{"my cache"}};
        f.start();
        REQUIRE(f.await([&] { return !f.notes.votes.empty(); }));
        f.peer.publish("+odown", "master my cache 10.0.0.1 6379 #quorum 2/2");
        REQUIRE(f.await([&] { return f.notes.events.size() == 1; }));
        f.link->adapt(0, {{"my other cache"}});
        f.peer.publish("+odown", "master my cache 10.0.0.1 6379 #quorum 2/2");  // nobody's now
        f.peer.publish("-odown", "master my other cache 10.0.0.1 6379");
        REQUIRE(f.await([&] { return f.notes.events.size() == 2; }));
        CHECK(f.notes.events.back() == "-odown");
    }

    TEST_CASE("whether a failover could be authorized is asked seldom, and at once when told to")
    {
        Fixture f;
        const auto asked = [&] {
            return std::ranges::count(f.peer.commands, "SENTINEL CKQUORUM mymaster");
        };
        f.peer.answers["SENTINEL CKQUORUM"] = "-NOQUORUM 1 usable Sentinels.\r\n";
        f.start();
        REQUIRE(f.await([&] { return f.notes.votes.size() == 5; }));
        CHECK(f.notes.votes.back().no_quorum_for_failover);
        CHECK(asked() == 1);
        f.peer.answers["SENTINEL CKQUORUM"] = "+OK 3 usable Sentinels.\r\n";
        f.link->ask_quorum_now(0);
        REQUIRE(f.await([&] { return !f.notes.votes.back().no_quorum_for_failover; }));
        CHECK(asked() == 2);
    }

    TEST_CASE("replicas are asked about where reads are offered, and again when told to")
    {
        Fixture f;
        f.settings.poll_interval = 60s;
        f.settings.names = {{"plain"}, {"mymaster", sentinel::Replicas::often}};
        f.peer.answers["SENTINEL REPLICAS"] = "*0\r\n";
        f.start();
        REQUIRE(f.await([&] { return f.notes.votes.size() == 2; }));
        CHECK(f.notes.votes.back().unseen.empty());
        CHECK(std::ranges::count(f.peer.commands, "SENTINEL REPLICAS mymaster") == 1);
        CHECK(std::ranges::count(f.peer.commands, "SENTINEL REPLICAS plain") == 0);
        f.peer.answers["SENTINEL REPLICAS"] =
            "*1\r\n" + test::array({"ip", "10.0.0.2", "port", "6379", "flags", "s_down,slave"});
        f.link->ask_replicas_now(1);
        REQUIRE(f.await([&] { return f.notes.votes.size() == 3; }));
        CHECK(
            f.notes.votes.back().unseen ==
            std::vector{sentinel::UnseenReplica{{"10.0.0.2", 6379}, true}});
    }

    TEST_CASE("a Sentinel that may not tell of replicas still votes, and that is told once")
    {
        Fixture f;
        f.settings.names = {{"mymaster", sentinel::Replicas::often}};
        f.peer.answers["SENTINEL REPLICAS"] =
            "-NOPERM this user has no permissions to run the 'sentinel|replicas' command\r\n";
        f.start();
        REQUIRE(f.await([&] { return f.notes.votes.size() >= 3; }));
        f.peer.subscribers.front()->close();
        REQUIRE(f.await([&] { return f.notes.ups == 2 && f.notes.votes.size() >= 6; }));
        CHECK(f.notes.no_replicas.size() == 1);
        CHECK(f.notes.refusals.empty());
    }

    TEST_CASE("votes of a Sentinel in TILT are marked, from its INFO and from its events")
    {
        Fixture f;
        f.peer.answers["INFO"] = bulk("sentinel_tilt:1\r\n");
        f.start();
        REQUIRE(f.await([&] { return !f.notes.votes.empty(); }));
        CHECK(f.notes.votes.back().in_tilt);
        f.peer.publish("-tilt", "#tilt mode exited");
        REQUIRE(f.await([&] { return !f.notes.votes.back().in_tilt; }));
        f.peer.publish("+tilt", "#tilt mode entered");
        REQUIRE(f.await([&] { return f.notes.votes.back().in_tilt; }));
    }

    TEST_CASE("one that floods its subscription loses it, and is asked as before")
    {
        constexpr auto most =
            net::SentinelLink::events_in_a_window + net::SentinelLink::events_of_a_name;
        Fixture f;
        f.peer.answers["INFO"] = bulk("sentinel_tilt:0\r\n");
        f.start();
        REQUIRE(f.await([&] { return !f.notes.votes.empty(); }));
        for (std::size_t i = 0; i <= most; ++i)
            f.peer.publish("+sdown", "master mymaster 10.0.0.1 6379");
        REQUIRE(f.await([&] { return f.notes.floods == 1 && f.peer.subscribers.empty(); }));
        CHECK(f.notes.events.size() == most);
        CHECK(f.notes.downs.empty());
        const auto votes = f.notes.votes.size();
        f.peer.answers["INFO"] = bulk("sentinel_tilt:1\r\n");  // no event tells of it now
        REQUIRE(f.await([&] { return f.notes.votes.back().in_tilt; }));
        CHECK(f.notes.votes.size() > votes);
        CHECK(f.notes.floods_over == 0);
        CHECK(f.notes.ups == 1);
    }

    TEST_CASE("as many events as a name in trouble publishes are no flood")
    {
        Fixture f;
        f.start();
        REQUIRE(f.await([&] { return !f.notes.votes.empty(); }));
        for (std::size_t i = 0; i < net::SentinelLink::events_in_a_window; ++i)
            f.peer.publish("+sdown", "master mymaster 10.0.0.1 6379");
        REQUIRE(f.await(
            [&] { return f.notes.events.size() == net::SentinelLink::events_in_a_window; }));
        CHECK(f.notes.floods == 0);
    }

    TEST_CASE("one that never confirms the subscription is not listened to without end")
    {
        Fixture f;
        std::string much;
        for (int i = 0; i < 1'000; ++i)
            much += test::array({"message", "+sdown", "master mymaster 10.0.0.1 6379"});
        f.peer.answers["SUBSCRIBE"] = much;
        f.start();
        REQUIRE(f.await([&] { return !f.notes.downs.empty(); }));
        CHECK(f.notes.downs.front().permanent);
        CHECK(f.notes.ups == 0);
    }

    TEST_CASE("a lost connection is told, and made again")
    {
        Fixture f;
        f.start();
        REQUIRE(f.await([&] { return !f.notes.votes.empty(); }));
        f.peer.subscribers.front()->close();
        REQUIRE(f.await([&] { return f.notes.ups == 2; }));
        CHECK(f.notes.downs.size() == 1);
        CHECK_FALSE(f.notes.downs.front().permanent);
    }

    TEST_CASE("a Sentinel that does not answer in time is down")
    {
        Fixture f;
        f.settings.query_timeout = 30ms;
        f.peer.answers["SENTINEL MASTER"] = "";
        f.start();
        REQUIRE(f.await([&] { return !f.notes.downs.empty(); }));
        CHECK(f.notes.votes.empty());
    }

    TEST_CASE("what only an operator can mend is said with its remedy, and retried seldom")
    {
        const std::map<std::string, std::string> replies{
            {"-NOAUTH Authentication required.\r\n", "sentinels.password_file"},
            {"-NOPERM this user has no permissions to run the 'subscribe' command\r\n", "ACL"},
            {"-ERR unknown command 'SUBSCRIBE'\r\n", "no Sentinel"},
            {"HTTP/1.1 400 Bad Request\r\n", "sentinels.addresses"},
        };
        for (const auto& [reply, remedy] : replies) {
            CAPTURE(reply);
            Fixture f;
            f.peer.answers["SUBSCRIBE"] = reply;
            f.start();
            REQUIRE(f.await([&] { return !f.notes.downs.empty(); }));
            CHECK(f.notes.downs.front().reason.find(remedy) != std::string::npos);
            CHECK(f.notes.downs.front().permanent);
            CHECK(f.notes.ups == 0);
        }
    }

    TEST_CASE("the login comes first, with the user where there is one")
    {
        Fixture f;
        f.settings.password = "secret with spaces";
        f.settings.username = "agent";
        f.start();
        REQUIRE(f.await([&] { return !f.notes.votes.empty(); }));
        CHECK(f.peer.commands.front() == "AUTH agent secret with spaces");
    }

    TEST_CASE("a wrong password is told without the password")
    {
        Fixture f;
        f.settings.password = "hunter2";
        f.peer.answers["AUTH"] =
            "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
        f.start();
        REQUIRE(f.await([&] { return !f.notes.downs.empty(); }));
        CHECK(f.notes.downs.front().permanent);
        CHECK(f.notes.downs.front().reason.find("hunter2") == std::string::npos);
    }

    TEST_CASE("a Sentinel without a password is asked without, and that is told")
    {
        for (const std::string reply :
             {"-ERR AUTH <password> called without any password configured for the default user. "
              "Are you sure your configuration is correct?\r\n",
              "-ERR Client sent AUTH, but no password is set\r\n"}) {
            Fixture f;
            f.settings.password = "hunter2";
            f.peer.answers["AUTH"] = reply;
            f.start();
            REQUIRE(f.await([&] { return !f.notes.votes.empty(); }));
            CHECK(f.notes.without_password == 2);  // on each of its two connections
            CHECK(f.notes.downs.empty());
        }
    }

    TEST_CASE("an unusable answer for one name voids that vote and keeps the connection")
    {
        Fixture f;
        f.settings.names = {{"good"}, {"bad"}};
        f.peer.answers["SENTINEL MASTER bad"] = ":1\r\n";
        f.start();
        REQUIRE(f.await([&] { return !f.notes.votes.empty() && !f.notes.refusals.empty(); }));
        CHECK(f.notes.downs.empty());
    }

    TEST_CASE("a thousand names are polled in parts, each of them once a period")
    {
        Fixture f;
        f.settings.poll_interval = 400ms;
        f.settings.names.clear();
        for (int i = 0; i < 1000; ++i)
            f.settings.names.push_back({"m" + std::to_string(i)});
        f.start();
        REQUIRE(f.await([&] { return f.notes.votes.size() >= 1000; }));
        CHECK(f.notes.votes.size() < 1100);
        CHECK(f.peer.connections == 2);
    }
}
