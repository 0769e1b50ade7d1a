#include "net/connection_limits.hpp"

#include <doctest/doctest.h>

#include <sys/resource.h>

#include <vector>

using namespace spoa;
using net::ConnectionLimits;

TEST_SUITE("net/connection_limits")
{
    TEST_CASE("what fits into the descriptors stays as it is, to the last one")
    {
        const ConnectionLimits wanted{.served = 1000, .refused = 100};
        CHECK(net::fit(wanted, 1'000'000, 50) == wanted);
        CHECK(net::fit(wanted, 1150, 50) == wanted);
        CHECK(net::fit(wanted, 1149, 50) != wanted);
    }

    TEST_CASE("with too few descriptors no more may be open than fit beside the rest")
    {
        for (const std::size_t descriptors : {60U, 100U, 500U, 1149U}) {
            CAPTURE(descriptors);
            const auto limits = net::fit({.served = 1000, .refused = 100}, descriptors, 50);
            CHECK(limits.open() <= descriptors - 50);
            CHECK(limits.served > 0);
            CHECK(limits.served >= limits.refused);
        }
    }

    TEST_CASE("a single connection is served even where nothing fits")
    {
        for (const std::size_t descriptors : {0U, 49U, 50U, 51U})
            CHECK(net::fit({.served = 1000}, descriptors, 50) == ConnectionLimits{1, 0});
    }

    TEST_CASE("the limit of descriptors is raised, never lowered, and not above the hard limit")
    {
        rlimit before{};
        REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
        const rlimit low{64, before.rlim_max};
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
        CHECK(net::raise_descriptor_limit(10) == 64);
        CHECK(net::raise_descriptor_limit(100) == 100);
        if (before.rlim_max != RLIM_INFINITY)
            CHECK(net::raise_descriptor_limit(before.rlim_max + 1) == before.rlim_max);
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    }
}
