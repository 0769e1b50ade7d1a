#include "net/node_link.hpp"

#include "net/event_loop.hpp"
#include "net/scripted_peer.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace spoa;
using namespace std::chrono_literals;
using spoa::test::bulk;
using spoa::test::ScriptedPeer;

namespace {

const std::string role_master = "*3\r\n$6\r\nmaster\r\n:77\r\n*0\r\n";
const std::string role_replica =
    "*5\r\n$5\r\nslave\r\n$8\r\n10.0.0.1\r\n:6379\r\n$9\r\nconnected\r\n:70\r\n";

const std::string run_id_line = "run_id:" + std::string(RunId::digits, 'a') + "\r\n";

class Notes final : public net::NodeListener {
public:
    void on_probe(std::size_t, std::size_t, const verdict::Probe& probe) override
    {
        probes.push_back(probe);
    }
    void on_info(std::size_t, std::size_t, const node::Info& info) override { last_info = info; }
    void on_trouble(std::size_t, std::size_t, const std::string& reason) override
    {
        if (!reason.empty())
            troubles.push_back(reason);
    }
    void on_no_info(std::size_t, std::size_t, const std::string& reason) override
    {
        no_info = reason;
    }

    std::vector<verdict::Probe> probes;
    std::optional<node::Info> last_info;
    std::vector<std::string> troubles;
    std::string no_info;
};

struct Fixture : test::EventLoop {
    std::unique_ptr<ScriptedPeer> peer = std::make_unique<ScriptedPeer>(context);
    Notes notes;
    net::NodeSettings settings;
    std::unique_ptr<net::NodeLink> link;

    Fixture()
    {
        settings.address = {"10.0.0.1", 6379};
        settings.reachable = {"127.0.0.1", peer->port()};
        peer->answers["ROLE"] = role_master;
        peer->answers["INFO"] = bulk(run_id_line + "connected_slaves:2\r\nloading:0\r\n");
    }
    ~Fixture() { end(*peer); }

    void start()
    {
        link = std::make_unique<net::NodeLink>(context.get_executor(), 0, 0, settings, notes);
        tasks.spawn(link->run());
    }
};

}  // namespace

TEST_SUITE("net/node_link")
{
    TEST_CASE("it connects to the reachable address and reports under the announced one")
    {
        Fixture f;
        f.start();
        REQUIRE(f.await([&] { return !f.notes.probes.empty(); }));
        const auto& probe = f.notes.probes.back();
        CHECK(probe.address == Endpoint{"10.0.0.1", 6379});
        CHECK(probe.role == node::Role::master);
        CHECK(probe.offset == 77);
        CHECK_FALSE(probe.silent_since.has_value());
        REQUIRE(f.notes.last_info.has_value());
        CHECK(f.notes.last_info->connected_replicas == 2);
        CHECK(probe.run_id == RunId(std::string(RunId::digits, 'a')));
    }

    TEST_CASE("ask_now asks before the period is over")
    {
        Fixture f;
        f.start();
        REQUIRE(f.await([&] { return f.notes.probes.size() == 1; }));
        f.peer->answers["ROLE"] = role_replica;
        const auto asked = std::chrono::steady_clock::now();
        f.link->ask_now();
        REQUIRE(f.await([&] { return f.notes.probes.size() == 2; }));
        CHECK(f.notes.probes.back().role == node::Role::replica);
        CHECK(std::chrono::steady_clock::now() - asked < 150ms);
    }

    TEST_CASE("a node that loads its data says so")
    {
        Fixture f;
        f.peer->answers["INFO"] = bulk("loading:1\r\n");
        f.start();
        REQUIRE(f.await([&] { return !f.notes.probes.empty(); }));
        CHECK(f.notes.probes.back().loading);
    }

    TEST_CASE("a node that stops answering is silent since the question, until it answers")
    {
        Fixture f;
        f.settings.query_timeout = 30ms;
        f.start();
        REQUIRE(f.await([&] { return !f.notes.probes.empty(); }));
        f.peer->answers["ROLE"] = "";
        REQUIRE(f.await([&] { return f.notes.probes.back().silent_since.has_value(); }));
        const auto since = f.notes.probes.back().silent_since;
        CHECK_FALSE(f.notes.probes.back().refused);
        const auto seen = f.notes.probes.size();
        REQUIRE(f.await([&] { return f.notes.probes.size() > seen + 2; }));
        CHECK(f.notes.probes.back().silent_since == since);
        f.peer->answers["ROLE"] = role_master;
        REQUIRE(f.await([&] { return !f.notes.probes.back().silent_since.has_value(); }));
    }

    TEST_CASE("a process that is gone refuses the connection, and that is told within the retry")
    {
        Fixture f;
        f.start();
        REQUIRE(f.await([&] { return !f.notes.probes.empty(); }));
        f.peer->close();
        REQUIRE(f.await([&] { return f.notes.probes.back().refused; }));
        CHECK(f.notes.probes.back().silent_since.has_value());
    }

    TEST_CASE("a connection that the node ends counts as a refusal until the next one answers")
    {
        Fixture f;
        f.start();
        REQUIRE(f.await([&] { return !f.notes.probes.empty(); }));
        f.peer->answers["INFO"] =
            bulk("run_id:" + std::string(RunId::digits, 'b') + "\r\nloading:0\r\n");
        f.peer->hang_up();
        REQUIRE(f.await([&] { return f.notes.probes.back().refused; }));
        CHECK(f.notes.probes.back().silent_since.has_value());
        REQUIRE(f.await([&] { return !f.notes.probes.back().silent_since.has_value(); }));
        // Its first answer says already who it is.
        CHECK(f.notes.probes.back().run_id == RunId(std::string(RunId::digits, 'b')));
        CHECK_FALSE(f.notes.probes.back().refused);
    }

    TEST_CASE("a node that refuses INFO is asked ROLE all the same")
    {
        Fixture f;
        f.peer->answers["INFO"] = "-NOPERM this user has no permissions to run 'info'\r\n";
        f.start();
        REQUIRE(f.await([&] { return f.notes.probes.size() > 2; }));
        CHECK(f.notes.probes.back().role == node::Role::master);
        CHECK_FALSE(f.notes.probes.back().silent_since.has_value());
        CHECK(f.notes.no_info.find("its ACL forbids ROLE or INFO") != std::string::npos);
        CHECK(f.notes.troubles.empty());
        CHECK_FALSE(f.notes.last_info.has_value());
    }

    TEST_CASE("a refused login or command is told with its remedy, and is no silence")
    {
        for (const std::string error :
             {"-NOAUTH Authentication required.\r\n", "-NOPERM no permissions\r\n"}) {
            CAPTURE(error);
            Fixture f;
            f.peer->answers["ROLE"] = error;
            f.start();
            REQUIRE(f.await([&] { return !f.notes.troubles.empty(); }));
            CHECK(f.notes.troubles.front().find(':') != std::string::npos);
            CHECK(f.notes.probes.empty());
        }
    }
}
