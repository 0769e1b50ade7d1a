#include "haproxy_api/master_cli.hpp"

#include <doctest/doctest.h>

using namespace spoa::haproxy_api;

namespace {

// As 2.6.12 answers after two reloads.
constexpr std::string_view two_old =
    "#<PID>          <type>          <reloads>       <uptime>        <version>      \n"
    "10108           master          2 [failed: 0]   0d00h00m09s     2.6.12-1+deb12u4\n"
    "# workers\n"
    "10199           worker          0               0d00h00m01s     2.6.12-1+deb12u4\n"
    "# old workers\n"
    "10136           worker          2               0d00h00m09s     2.6.12-1+deb12u4\n"
    "10153           worker          1               0d00h00m04s     2.6.12-1+deb12u4\n"
    "# programs\n"
    "\n";

// As 2.6.12 and 3.4.7 answer; the second is the question itself, the third has no server yet.
constexpr std::string_view three_sessions =
    "0x55f7fa219cb0: proto=tcpv4 src=127.0.0.1:56018 fe=f be=b srv=R1 ts=00 epoch=0 age=2s calls=3 "
    "rate=1 cpu=0 lat=0 rq[f=808000h,i=0,an=00h,rx=59m58s,wx=,ax=] exp=59m58s rc=0 c_exp=\n"
    "0x7f7f00039fe0: proto=sockpair src=unix:2 fe=GLOBAL be=<NONE> srv=<none> ts=00 epoch=0 age=0s\n"
    "0x7f90dae79d00: proto=tcpv4 src=127.0.0.1:38690 fe=f be=b srv=<none> ts=00 epoch=0 age=0s\n"
    "\n";

}  // namespace

TEST_SUITE("haproxy_api/master_cli")
{
    TEST_CASE("the old workers are those below their heading")
    {
        CHECK(parse_old_workers(two_old) == std::vector<Pid>{10136, 10153});
    }

    TEST_CASE("before any reload there are none")
    {
        const auto none = parse_old_workers(two_old.substr(0, two_old.find("# old workers")));
        REQUIRE(none);
        CHECK(none->empty());
    }

    TEST_CASE("what is no reply to show proc is none")
    {
        CHECK_FALSE(parse_old_workers(""));
        CHECK_FALSE(parse_old_workers("Unknown command: 'show proc'.\n\n"));
    }

    TEST_CASE("lines that are no worker are skipped")
    {
        const auto workers = parse_old_workers(
            "#<PID>\n# old workers\nx worker\n12\n13 program\n\n-4 worker\n99999999999999999999 worker\n"
            "14 worker\n");
        CHECK(workers == std::vector<Pid>{14});
    }

    TEST_CASE("sessions that have a server")
    {
        const auto sessions = parse_sessions(three_sessions);
        CHECK(sessions == std::vector<SessionSeen>{{"0x55f7fa219cb0", "b", "R1"}});
    }

    TEST_CASE("a reply that is cut, or an error, has no sessions")
    {
        for (std::size_t size = 0; size < three_sessions.size(); ++size) {
            CAPTURE(size);
            CHECK_FALSE(parse_sessions(three_sessions.substr(0, size)));
        }
        CHECK_FALSE(parse_sessions("Can't find the target PID matching the prefix '@!10446'\n"));
        CHECK_FALSE(parse_sessions("\nCan't connect to the target CLI!\n\n"));
    }

    TEST_CASE("an id that might be a command is refused")
    {
        CHECK_FALSE(parse_sessions("0x1;quit: proto=tcpv4 fe=f be=b srv=R1 ts=00\n\n"));
        CHECK_FALSE(parse_sessions("0x: proto=tcpv4 fe=f be=b srv=R1 ts=00\n\n"));
    }

    TEST_CASE("commands name the worker, each of them")
    {
        const std::vector<std::string> ids{"0x1", "0x2"};
        CHECK(list_processes() == "show proc\n");
        CHECK(list_sessions(7) == "@!7 show sess\n");
        CHECK(end_sessions(7, ids) == "@!7 shutdown session 0x1;@!7 shutdown session 0x2\n");
    }

    TEST_CASE("the longest line fits into HAProxy's buffer")
    {
        constexpr std::size_t smallest_buffer = 16'384 - 1'024;  // tune.bufsize less its reserve
        const std::vector<std::string> ids(most_ids_a_line, "0x7fffffffffffffff");
        CHECK(end_sessions(4'194'304, ids).size() < smallest_buffer);
    }
}
