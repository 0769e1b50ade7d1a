#include "haproxy_api/reply.hpp"

#include "haproxy_api/seen.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace spoa;
using namespace spoa::haproxy_api;
using namespace spoa::test;

namespace {

// As HAProxy 2.6.12 answers a batch for one backend.
const std::string answer =
    "\n"
    "# pxname,svname,qcur,qmax,scur,smax,slim,stot,\n"
    "nodes,R1,0,0,41,50,,60,\n"
    "nodes,R2,0,0,0,0,,0,\n"
    "\n"
    "\n"
    "proc.sentinel_spoa.nodes: type=str value=<R2>\n"
    "1\n"
    "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_port\n"
    "3 nodes 1 R1 127.0.0.1 2 0 0 0 6379\n"
    "3 nodes 2 R2 127.0.0.1 0 1 0 0 6380\n"
    "\n";

std::string replaced(std::string text, const std::string& what, const std::string& by)
{
    text.replace(text.find(what), what.size(), by);
    return text;
}

}  // namespace

TEST_SUITE("haproxy_api/reply")
{
    TEST_CASE("states, sessions and the mark of a backend are read")
    {
        const auto reply = parse_reply(answer);
        CHECK_FALSE(reply.cut);
        CHECK(reply.complaints.empty());
        REQUIRE(reply.backends.size() == 1);
        CHECK(
            reply.backends[0] ==
            BackendSeen{
                "nodes",
                3,
                {at(in("R1", 41), "127.0.0.1:6379"), at(out("R2"), "127.0.0.1:6380")},
                {"R2"}});
        CHECK(trouble_in(reply).empty());
    }

    TEST_CASE("the headers say where the columns are")
    {
        const auto reply = parse_reply(
            "# pxname,scur,new,svname\n"
            "b,7,x,R1\n\n"
            "# be_id srv_admin_state be_name new srv_port srv_addr srv_op_state srv_uweight srv_iweight srv_name\n"
            "12 8 b - 7004 ::1 2 1 1 R1\n\n");
        REQUIRE(reply.backends.size() == 1);
        auto drained = at(in("R1", 7), "[::1]:7004");
        drained.drain = true;
        drained.unbalanced = true;
        CHECK(reply.backends[0] == BackendSeen{"b", 12, {drained}, {}});
    }

    TEST_CASE("each kind of maintenance is told apart")
    {
        struct {
            std::string bits;
            bool maint;
            bool other;
        } const cases[] = {
            {"0", false, false},
            {"1", true, false},
            {"5", true, false},  // `disabled` in haproxy.cfg
            {"2", false, true},  // of a tracked server
            {"32", false, true},
            {"33", true, true},
            {"64", false, false},  // after `set server … fqdn`
            {"65", true, false},
        };
        for (const auto& each : cases) {
            CAPTURE(each.bits);
            const auto reply =
                parse_reply(replaced(answer, "127.0.0.1 0 1 0", "::1 0 " + each.bits + " 0"));
            const auto* const server = reply.backends[0].find("R2");
            REQUIRE(server);
            CHECK(server->maint == each.maint);
            CHECK(server->other == each.other);
        }
    }

    TEST_CASE("a server has an address, or none while its host name has none or it is a socket's")
    {
        const auto seen = [](const std::string& row) {
            const auto reply = parse_reply(replaced(answer, "R2 127.0.0.1 0 1 0 0 6380", row));
            CHECK_FALSE(reply.cut);
            return *reply.backends[0].find("R2");
        };
        CHECK(seen("R2 10.0.0.2 2 0 0 0 6379").address == Endpoint{"10.0.0.2", 6379});
        CHECK_FALSE(seen("R2 - 0 32 0 0 6379").address);
        CHECK(seen("R2 - 0 32 0 0 6379").other);
        CHECK_FALSE(seen("R2 - 2 0 0 0 0").address);  // unix@/path
    }

    TEST_CASE("a server whose check fails is stopped; one in maintenance is not called so")
    {
        const auto seen = [](const std::string& row) {
            const auto reply = parse_reply(replaced(answer, "R2 127.0.0.1 0 1 0 0 6380", row));
            return *reply.backends[0].find("R2");
        };
        CHECK(seen("R2 10.0.0.2 0 0 0 0 6379").stopped);
        CHECK_FALSE(seen("R2 10.0.0.2 2 0 0 0 6379").stopped);
        CHECK_FALSE(seen("R2 10.0.0.2 0 1 0 0 6379").stopped);
        CHECK_FALSE(seen("R2 - 0 32 0 0 6379").stopped);
    }

    TEST_CASE("a server that balancing leaves out, although haproxy.cfg gives it a weight")
    {
        const auto seen = [](const std::string& row) {
            const auto reply = parse_reply(replaced(answer, "R2 127.0.0.1 0 1 0 0 6380", row));
            return reply.backends[0].find("R2")->unbalanced;
        };
        CHECK_FALSE(seen("R2 10.0.0.2 2 0 1 1 6379"));
        CHECK(seen("R2 10.0.0.2 2 8 1 1 6379"));
        CHECK(seen("R2 10.0.0.2 2 0 0 1 6379"));
        CHECK_FALSE(seen("R2 10.0.0.2 2 0 0 0 6379"));  // weight 0 in haproxy.cfg: rules alone
        CHECK_FALSE(seen("R2 10.0.0.2 2 8 0 0 6379"));
    }

    TEST_CASE("a backend without a mark has none, and blank lines do not matter")
    {
        const auto reply = parse_reply(replaced(
            answer,
            "proc.sentinel_spoa.nodes: type=str value=<R2>\n",
            "Variable not found.\n\n\n"));
        CHECK_FALSE(reply.cut);
        CHECK(reply.complaints.empty());
        CHECK(reply.backends[0].marked.empty());
    }

    TEST_CASE("a mark with nothing in it marks nothing")
    {
        CHECK(parse_reply(replaced(answer, "<R2>", "<>")).backends[0].marked.empty());
        CHECK(
            parse_reply(replaced(answer, "<R2>", "<R1/R2>")).backends[0].marked ==
            std::set<std::string>{"R1", "R2"});
    }

    TEST_CASE("an answer that ends anywhere but at its end is cut, or has no backend")
    {
        for (std::size_t size = 1; size < answer.size(); ++size) {
            CAPTURE(size);
            const auto reply = parse_reply(std::string_view(answer).substr(0, size));
            CHECK((reply.cut || reply.backends.empty()));
        }
    }

    TEST_CASE("rows and headers that make no sense are not used")
    {
        CHECK(parse_reply(replaced(answer, "nodes 2 R2 127.0.0.1 0 1 0 0 6380", "nodes 2")).cut);
        CHECK(parse_reply(replaced(answer, "127.0.0.1 0 1 0", "127.0.0.1 0 x 0")).cut);
        CHECK(parse_reply(replaced(answer, "nodes,R2,0,0,0,", "nodes,R2,0,0,-1,")).cut);
        CHECK(parse_reply(replaced(answer, "srv_admin_state", "srv_new_name")).cut);
        CHECK(parse_reply(replaced(answer, "scur", "cur")).cut);
        CHECK(parse_reply(replaced(answer, "type=str value=<R2>", "type=sint value=<1>")).cut);
        CHECK(parse_reply(replaced(answer, "R1,0,0,41", "R1,0,0,99999999999999999999")).cut);
    }

    TEST_CASE("a name that could hold another command is not taken")
    {
        for (const std::string name : {"R2;quit", "R2)", "R/2", "\\", ""}) {
            CAPTURE(name);
            CHECK(parse_reply(replaced(answer, "nodes 2 R2", "nodes 2 " + name)).cut);
        }
    }

    TEST_CASE("a level below admin is told with its remedy")
    {
        const auto trouble = trouble_in(parse_reply("Permission denied\n\n" + answer));
        CHECK(trouble.find("level admin") != std::string::npos);
        CHECK(
            trouble_in(parse_reply("This command is restricted to experimental mode only.\n\n"))
                .find("level admin") != std::string::npos);
    }

    TEST_CASE("a server that was moved, or did not have to be, is nothing to complain of")
    {
        const auto reply = parse_reply(
            "IP changed from '10.0.0.1' to '10.0.0.2', port changed from '1' to '2' by 'stats "
            "socket command'\n\n"
            "no need to change the addr, port by 'stats socket command'\n\n");
        CHECK(reply.complaints.empty());
        CHECK_FALSE(reply.cut);
    }

    TEST_CASE("what is not found is missing, and any other complaint is quoted in short")
    {
        const auto reply = parse_reply("Can't find backend.\n\nNo such server.\n\n");
        CHECK(trouble_in(reply).empty());
        CHECK(reply.find("nodes") == nullptr);
        const auto odd =
            trouble_in(parse_reply("No such server.\n\n" + std::string(500, 'x') + "\n"));
        CHECK(odd.starts_with("it answers: xxx"));
        CHECK(odd.size() < 100);
        CHECK(
            trouble_in(parse_reply("Unknown command, but maybe\n  prompt\n\n")).find("2.6") !=
            std::string::npos);
    }
}
