#include "node/reply_parser.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace spoa;
using node::Role;
using resp::Array;
using resp::Value;

namespace {

Value text(std::string value)
{
    return {std::move(value)};
}

Value number(std::int64_t value)
{
    return {value};
}

}  // namespace

TEST_SUITE("node/reply_parser")
{
    TEST_CASE("ROLE tells a master with its offset")
    {
        const auto reply = node::parse_role({Array{text("master"), number(3129659), {Array{}}}});
        REQUIRE(reply.has_value());
        CHECK(reply->role == Role::master);
        CHECK(reply->offset == 3129659);
    }

    TEST_CASE("ROLE tells what each replica of a master has acknowledged")
    {
        const auto entry = [](std::string host, std::string port, std::string offset) {
            return Value{
                Array{text(std::move(host)), text(std::move(port)), text(std::move(offset))}};
        };
        const auto listed = [](Array list) {
            return node::parse_role({Array{text("master"), number(5000), {std::move(list)}}})
                ->replicas;
        };
        CHECK(
            listed({entry("10.0.0.2", "6379", "4991"), entry("10.0.0.3", "6379", "0")}) ==
            std::vector<node::Acknowledged>{{{"10.0.0.2", 6379}, 4991}, {{"10.0.0.3", 6379}, 0}});
        CHECK(listed({}).empty());
        // What is no entry is left out, and what is too much is not looked at.
        CHECK(listed({entry("10.0.0.2", "x", "4991"), text("10.0.0.3"), number(7)}).empty());
        CHECK(listed({{Array{text("10.0.0.2"), number(6379), number(7)}}}).empty());
        CHECK(listed({entry("10.0.0.2", "6379", "-7")})[0].offset == 0);
        CHECK(listed(Array(100'000, entry("10.0.0.2", "6379", "7"))).size() == node::most_listed);
        CHECK(node::parse_role({Array{text("master"), number(1), number(2)}})->replicas.empty());
    }

    TEST_CASE("ROLE tells a replica with what it has taken, and 0 when it has no link")
    {
        const auto replica = [](std::int64_t offset) {
            return Value{Array{
                text("slave"), text("10.0.0.1"), number(6379), text("connected"), number(offset)}};
        };
        CHECK(node::parse_role(replica(77))->role == Role::replica);
        CHECK(node::parse_role(replica(77))->offset == 77);
        CHECK(node::parse_role(replica(-1))->offset == 0);
        CHECK(node::parse_role(replica(77))->follows == Endpoint{"10.0.0.1", 6379});
    }

    TEST_CASE("ROLE tells how a replica is linked, and every word but two is no link")
    {
        const auto link = [](std::string word) {
            return node::parse_role(
                       {Array{
                           text("slave"), text("r1"), number(1), text(std::move(word)), number(5)}})
                ->link;
        };
        CHECK(link("connected") == node::Link::up);
        CHECK(link("sync") == node::Link::syncing);
        for (const auto* const word :
             {"connect", "connecting", "handshake", "none", "", "Connected"})
            CHECK(link(word) == node::Link::none);
    }

    TEST_CASE("a replica whose master cannot be read follows nobody")
    {
        const auto follows = [](Value host, Value port) {
            return node::parse_role({Array{
                                        text("slave"),
                                        std::move(host),
                                        std::move(port),
                                        text("connected"),
                                        number(5)}})
                ->follows;
        };
        CHECK_FALSE(follows(number(1), number(6379)));
        CHECK_FALSE(follows(text("r1"), text("6379")));
        CHECK_FALSE(follows(text("r1"), number(0)));
        CHECK_FALSE(follows(text("r1"), number(-1)));
        CHECK_FALSE(follows(text("r1"), number(65'536)));
        CHECK(follows(text("r1"), number(65'535)) == Endpoint{"r1", 65'535});
    }

    TEST_CASE("errors, a Sentinel's role and torsos are no answer")
    {
        CHECK_FALSE(node::parse_role({resp::Error{"NOAUTH Authentication required."}}));
        CHECK_FALSE(node::parse_role({Array{text("sentinel"), {Array{}}}}));
        CHECK_FALSE(node::parse_role({Array{}}));
        CHECK_FALSE(node::parse_role({Array{text("master")}}));
        CHECK_FALSE(node::parse_role({Array{text("slave"), text("10.0.0.1")}}));
        CHECK_FALSE(node::parse_role({std::int64_t{1}}));
    }

    TEST_CASE("INFO of a master")
    {
        const auto info = node::parse_info(
            text("# Server\r\nrun_id:0123456789012345678901234567890123456789\r\n# Replication\r\n"
                 "role:master\r\nconnected_slaves:2\r\nmaster_repl_offset:4242\r\n# Persistence\r\n"
                 "loading:0\r\nasync_loading:0\r\n"));
        REQUIRE(info.has_value());
        CHECK(info->run_id.raw().size() == 40);
        CHECK(info->connected_replicas == 2);
        CHECK(info->offset == 4242);
        CHECK_FALSE(info->loading);
        CHECK_FALSE(info->master.has_value());
    }

    TEST_CASE("INFO of a master has the least lag of its replicas, and how many get all data anew")
    {
        const auto told = [](const std::string& lines) { return *node::parse_info(text(lines)); };
        const auto both = told(
            "slave0:ip=10.0.0.2,port=6379,state=online,offset=77,lag=4\r\n"
            "slave1:ip=10.0.0.3,port=6379,state=online,offset=70,lag=2\r\n"
            "slave2:ip=10.0.0.4,port=6379,state=wait_bgsave,offset=0,lag=0\r\n"
            "slave3:ip=10.0.0.5,port=6379,state=send_bulk,offset=0,lag=0,type=main\r\n"
            "slave_priority:100\r\nslave_read_only:1\r\n");
        CHECK(both.least_lag == 2);
        CHECK(both.syncing_replicas == 2);
        const auto none = told("connected_slaves:0\r\nslave:state=online\r\n");
        CHECK_FALSE(none.least_lag.has_value());
        CHECK(none.syncing_replicas == 0);
        CHECK(told("slave0:state=online,offset=5\r\n").least_lag == 0);
    }

    TEST_CASE("INFO of a replica has its own offset, its master and the link")
    {
        const auto info = node::parse_info(text(
            "role:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\nmaster_link_status:up\r\n"
            "slave_repl_offset:99\r\nmaster_repl_offset:100\r\nloading:1\r\n"));
        REQUIRE(info.has_value());
        CHECK(info->master == Endpoint{"10.0.0.1", 6379});
        CHECK(info->master_link_up);
        CHECK(info->offset == 99);
        CHECK(info->loading);
        CHECK(info->announced);
        CHECK(info->priority == 100);
        const auto hidden = node::parse_info(text("slave_priority:0\r\nreplica_announced:0\r\n"));
        CHECK_FALSE(hidden->announced);
        CHECK(hidden->priority == 0);
    }

    TEST_CASE("INFO has the keys of all databases, and nothing else that begins with db")
    {
        const auto info = node::parse_info(
            text("# Keyspace\r\ndb0:keys=5,expires=0,avg_ttl=0\r\ndb12:keys=7,expires=1\r\n"
                 "db:keys=1\r\ndbx:keys=1\r\ndb3:expires=1,nokeys=9\r\ndb4:keys=-1\r\n"));
        REQUIRE(info.has_value());
        CHECK(info->keys == 12);
    }

    TEST_CASE("INFO that is an error is none, and lines without meaning are skipped")
    {
        CHECK_FALSE(node::parse_info({resp::Error{"NOPERM"}}));
        CHECK(node::parse_info(text("\r\n\r\nrubbish\nx:\n:y\n"))->offset == 0);
    }
}
