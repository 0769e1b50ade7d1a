#include "haproxy_api/placement.hpp"

#include "haproxy_api/seen.hpp"

#include <doctest/doctest.h>

using namespace spoa;
using namespace spoa::haproxy_api;
using namespace spoa::test;

namespace {

const Places places{
    {"R1", {{{"10.0.0.1", 6379}, {"192.0.2.1", 6379}}, true}},
    {"R2", {{{"10.0.0.2", 6379}}, true}},
    {"R3", {{}, true}},  // its host name has no address yet
};

Placement of(const std::string& server, const std::string& address)
{
    return placement_of(at(in(server), address), places);
}

}  // namespace

TEST_SUITE("haproxy_api/placement")
{
    TEST_CASE("any of a server's own addresses is right")
    {
        CHECK(of("R1", "10.0.0.1:6379") == Placement::right);
        CHECK(of("R1", "192.0.2.1:6379") == Placement::right);
        CHECK(complaint_about(at(in("R1"), "10.0.0.1:6379"), places).empty());
    }

    TEST_CASE("the address of another server is elsewhere, and so is one of nobody's")
    {
        CHECK(of("R1", "10.0.0.2:6379") == Placement::elsewhere);
        CHECK(of("R1", "10.0.0.9:6379") == Placement::elsewhere);
        const auto swapped = complaint_about(at(in("R1"), "10.0.0.2:6379"), places);
        CHECK(swapped.find("connects to 10.0.0.2:6379, which is R2") != std::string::npos);
        CHECK(swapped.find("10.0.0.1:6379") != std::string::npos);
    }

    TEST_CASE("another port of the right host may be nutcracker's, unless connect: says the port")
    {
        CHECK(of("R2", "10.0.0.2:36379") == Placement::other_port);
        CHECK(
            complaint_about(at(in("R2"), "10.0.0.2:36379"), places).find("connect:") !=
            std::string::npos);
        const Places exact{{"R2", {{{"10.0.0.2", 36379}}, false}}};
        CHECK(placement_of(at(in("R2"), "10.0.0.2:36379"), exact) == Placement::right);
        CHECK(placement_of(at(in("R2"), "10.0.0.2:6379"), exact) == Placement::elsewhere);
    }

    TEST_CASE("a server with a host name is moved to where that leads, and to nowhere without")
    {
        const Places named{
            {"R1", {{{"10.0.0.1", 6379}, {"fd00::1", 6379}}, true, true}},
            {"R2", {{}, true, true}},
            {"R3", {{{"10.0.0.3", 6379}}, true, false}}};
        CHECK_FALSE(move_of(at(in("R1"), "10.0.0.1:6379"), named));
        CHECK_FALSE(move_of(at(in("R1"), "[fd00::1]:6379"), named));
        CHECK(move_of(at(in("R1"), "10.0.0.9:6379"), named) == Endpoint{"10.0.0.1", 6379});
        CHECK_FALSE(move_of(in("R1"), named));  // a UNIX socket
        auto without = in("R1");
        without.other = true;
        CHECK_FALSE(move_of(without, named));  // HAProxy gives none to it
        CHECK_FALSE(move_of(at(in("R2"), "10.0.0.9:6379"), named));
        CHECK_FALSE(move_of(at(in("R3"), "10.0.0.9:6379"), named));
    }

    TEST_CASE("of a node and the nutcracker before it each keeps its port")
    {
        Places both{{"R1", {{{"10.0.0.1", 6379}, {"10.0.1.1", 36379}}, false, true}}};
        CHECK(move_of(at(in("R1"), "10.0.0.9:6379"), both) == Endpoint{"10.0.0.1", 6379});
        CHECK(move_of(at(in("R1"), "10.0.0.9:36379"), both) == Endpoint{"10.0.1.1", 36379});
        CHECK_FALSE(move_of(at(in("R1"), "10.0.0.9:1"), both));

        // The nutcracker has no address yet.
        both = {
            {"R1", {{{"10.0.0.1", 6379}}, false, true, {36379}}},
            {"R2", {{{"10.0.0.2", 6379}}, false, true, {36379}}}};
        CHECK(placement_of(at(in("R1"), "192.0.2.1:36379"), both) == Placement::unknown);
        CHECK_FALSE(move_of(at(in("R1"), "192.0.2.1:36379"), both));
        CHECK(placement_of(at(in("R1"), "192.0.2.1:6379"), both) == Placement::elsewhere);
        CHECK(placement_of(at(in("R1"), "10.0.0.2:6379"), both) == Placement::elsewhere);
    }

    TEST_CASE("servers of one host are told apart by their ports")
    {
        const Places one_host{
            {"R1", {{{"127.0.0.1", 7001}}, true}}, {"R2", {{{"127.0.0.1", 7002}}, true}}};
        CHECK(placement_of(at(in("R1"), "127.0.0.1:7002"), one_host) == Placement::elsewhere);
        CHECK(placement_of(at(in("R1"), "127.0.0.1:7009"), one_host) == Placement::other_port);
    }

    TEST_CASE("without an address, on either side, nothing is said but that it is another's")
    {
        CHECK(placement_of(in("R1"), places) == Placement::unknown);
        CHECK(of("R3", "10.0.0.3:6379") == Placement::unknown);
        CHECK(of("R3", "10.0.0.2:6379") == Placement::elsewhere);
        CHECK(of("R9", "10.0.0.1:6379") == Placement::unknown);
        CHECK(complaint_about(in("R1"), places).empty());
    }
}
