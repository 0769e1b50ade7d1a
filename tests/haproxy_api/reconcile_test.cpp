#include "haproxy_api/reconcile.hpp"

#include "haproxy_api/seen.hpp"

#include <doctest/doctest.h>

using namespace spoa::haproxy_api;
using namespace spoa::test;

namespace {

const Wishes first_is_master{{"R1", Wish::ready}, {"R2", Wish::maint}};

}  // namespace

TEST_SUITE("haproxy_api/reconcile")
{
    TEST_CASE("a fresh HAProxy: all but the master are put out, and marked")
    {
        const auto plan = reconcile(backend({in("R1"), in("R2")}), first_is_master, {});
        CHECK(plan == Plan{{}, {"R2"}, {}, {{"R2"}}});
    }

    TEST_CASE("what is as it should be needs nothing")
    {
        CHECK(reconcile(backend({in("R1", 9), out("R2")}, {"R2"}), first_is_master, {}).empty());
    }

    TEST_CASE("a switch: the new master is let in, the old one put out")
    {
        const auto plan =
            reconcile(backend({out("R1"), in("R2", 40)}, {"R1"}), first_is_master, {});
        CHECK(plan == Plan{{"R1"}, {"R2"}, {}, {{"R2"}}});
    }

    TEST_CASE("an operator's maintenance is not lifted, and not claimed either")
    {
        CHECK(reconcile(backend({out("R1"), out("R2")}, {"R2"}), first_is_master, {}).empty());
        CHECK(reconcile(backend({in("R1"), out("R2")}), first_is_master, {}).empty());
    }

    TEST_CASE("maintenance that outlived its mark is ours while we remember it")
    {
        const auto seen = backend({out("R1"), out("R2")});
        CHECK(reconcile(seen, first_is_master, {"R1", "R2"}) == Plan{{"R1"}, {}, {}, {{"R2"}}});
        CHECK(reconcile(seen, first_is_master, {"R2"}) == Plan{{}, {}, {}, {{"R2"}}});
    }

    TEST_CASE("a mark without maintenance is taken away")
    {
        const auto plan =
            reconcile(backend({in("R1"), out("R2")}, {"R1", "R2"}), first_is_master, {});
        CHECK(plan == Plan{{}, {}, {}, {{"R2"}}});
    }

    TEST_CASE("sessions on a server that should be out are ended, whoever put it out")
    {
        const auto plan = reconcile(backend({in("R1", 5), out("R2", 3)}), first_is_master, {});
        CHECK(plan == Plan{{}, {}, {"R2"}, {}});
    }

    TEST_CASE("an operator's maintenance of the master keeps its sessions")
    {
        CHECK(reconcile(backend({out("R1", 5), out("R2")}, {"R2"}), first_is_master, {}).empty());
    }

    TEST_CASE("what is to be left stays as it is, sessions too")
    {
        const Wishes leave{{"R1", Wish::leave}, {"R2", Wish::leave}};
        CHECK(reconcile(backend({in("R1", 5), in("R2", 1)}), leave, {}).empty());
        CHECK(reconcile(backend({out("R1", 5), out("R2")}, {"R1", "R2"}), leave, {}).empty());
    }

    TEST_CASE("a server that nobody knows is kept out, at any time")
    {
        const Wishes leave{{"R1", Wish::leave}};
        CHECK(
            reconcile(backend({in("R1"), in("R9")}), leave, {}) == Plan{{}, {"R9"}, {}, {{"R9"}}});
    }

    TEST_CASE("a backend with no known server is left alone")
    {
        CHECK(reconcile(backend({in("w1", 5), in("w2")}), first_is_master, {}).empty());
    }
}
