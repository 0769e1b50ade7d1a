#include "haproxy_api/reconcile.hpp"

#include "haproxy_api/seen.hpp"

#include <doctest/doctest.h>

using namespace spoa::haproxy_api;
using namespace spoa::test;
using namespace std::chrono_literals;

namespace {

const TimePoint now{1h};
const Wanted first_is_master{{{"R1", Wish::ready}, {"R2", Wish::idle}}, {}};
const Wanted in_doubt{{{"R1", Wish::maint}, {"R2", Wish::idle}}, {}};
const Wanted unknown{{{"R1", Wish::leave}, {"R2", Wish::leave}}, {}};

}  // namespace

TEST_SUITE("haproxy_api/reconcile")
{
    TEST_CASE("at rest all servers are ready, and nothing has to be done")
    {
        CHECK(reconcile(backend({in("R1", 9), in("R2")}), first_is_master, {}, now).empty());
    }

    TEST_CASE("sessions on a server that is not the master: it goes, and is marked")
    {
        const auto plan = reconcile(backend({in("R1"), in("R2", 3)}), first_is_master, {}, now);
        CHECK(plan == Plan{{}, {"R2"}, {}, {{"R2"}}});
    }

    TEST_CASE("a server that verdicts have named goes without a session too: one may be on its way")
    {
        const FenceMemory memory{{}, {"R2"}, {}};
        const auto plan = reconcile(backend({in("R1"), in("R2")}), first_is_master, memory, now);
        CHECK(plan == Plan{{}, {"R2"}, {}, {{"R2"}}});
    }

    TEST_CASE("after a switch it is ready again once the last connection must be over")
    {
        const auto seen = backend({in("R1"), out("R2")}, {"R2"});
        FenceMemory memory{{"R2"}, {"R2"}, {{"R2", now}}};
        CHECK(reconcile(seen, first_is_master, memory, now + rest_after - 1ms).empty());
        const auto plan = reconcile(seen, first_is_master, memory, now + rest_after);
        CHECK(plan == Plan{{"R2"}, {}, {}, {std::set<std::string>()}});
        // Also while nothing new is known.
        CHECK(reconcile(seen, unknown, memory, now + rest_after) == plan);
    }

    TEST_CASE("it stays out as long as it has a session, which is ended")
    {
        const auto seen = backend({in("R1"), out("R2", 1)}, {"R2"});
        const FenceMemory memory{{"R2"}, {"R2"}, {{"R2", now}}};
        CHECK(reconcile(seen, first_is_master, memory, now + 1min) == Plan{{}, {}, {"R2"}, {}});
    }

    TEST_CASE("in doubt the master is out as long as the doubt lasts")
    {
        CHECK(
            reconcile(backend({in("R1"), in("R2")}), in_doubt, {}, now) ==
            Plan{{}, {"R1"}, {}, {{"R1"}}});
        const auto out_now = backend({out("R1"), in("R2")}, {"R1"});
        CHECK(reconcile(out_now, in_doubt, {{"R1"}, {"R1"}, {}}, now + 1h).empty());
        // And while nothing new is known: a fence closed before stays closed.
        CHECK(reconcile(out_now, unknown, {{"R1"}, {"R1"}, {}}, now + 1h).empty());
    }

    TEST_CASE("a switch: the new master is let in, the old one put out")
    {
        const FenceMemory memory{{}, {"R2"}, {}};
        const auto plan =
            reconcile(backend({out("R1"), in("R2", 40)}, {"R1"}), first_is_master, memory, now);
        CHECK(plan == Plan{{"R1"}, {"R2"}, {}, {{"R2"}}});
    }

    TEST_CASE("an operator's maintenance is not lifted, and not claimed either")
    {
        CHECK(reconcile(backend({out("R1"), out("R2")}), first_is_master, {}, now).empty());
        CHECK(reconcile(backend({in("R1"), out("R2")}), first_is_master, {{}, {"R2"}, {}}, now + 1h)
                  .empty());
    }

    TEST_CASE("maintenance that outlived its mark is ours while we remember it")
    {
        const auto seen = backend({out("R1"), in("R2")});
        CHECK(reconcile(seen, first_is_master, {{"R1"}, {}, {}}, now) == Plan{{"R1"}, {}, {}, {}});
        CHECK(reconcile(seen, first_is_master, {}, now).empty());
    }

    TEST_CASE("a mark without maintenance is taken away")
    {
        const auto plan =
            reconcile(backend({in("R1"), in("R2")}, {"R2"}), first_is_master, {}, now);
        CHECK(plan == Plan{{}, {}, {}, {std::set<std::string>()}});
    }

    TEST_CASE("sessions on a server that should have none are ended, whoever put it out")
    {
        const auto plan = reconcile(backend({in("R1", 5), out("R2", 3)}), first_is_master, {}, now);
        CHECK(plan == Plan{{}, {}, {"R2"}, {}});
    }

    TEST_CASE("an operator's maintenance of the master keeps its sessions")
    {
        CHECK(reconcile(backend({out("R1", 5), in("R2")}), first_is_master, {}, now).empty());
    }

    TEST_CASE("what is to be left stays as it is, sessions too")
    {
        CHECK(
            reconcile(backend({in("R1", 5), in("R2", 1)}), unknown, {{}, {"R2"}, {}}, now).empty());
        CHECK(
            reconcile(backend({out("R1", 5), out("R2")}, {"R1", "R2"}), unknown, {}, now).empty());
    }

    TEST_CASE("a server that nobody knows is kept out, at any time")
    {
        const Wanted leave{{{"R1", Wish::leave}}, {}};
        CHECK(
            reconcile(backend({in("R1"), in("R9")}), leave, {}, now) ==
            Plan{{}, {"R9"}, {}, {{"R9"}}});
    }

    TEST_CASE("a server that leads elsewhere is kept out, the master's too, until it does no more")
    {
        Wanted wanted{
            {{"R1", Wish::ready}, {"R2", Wish::idle}},
            {{"R1", {{{"10.0.0.1", 6379}}, true}}, {"R2", {{{"10.0.0.2", 6379}}, true}}}};
        const auto swapped =
            backend({at(in("R1", 9), "10.0.0.2:6379"), at(in("R2"), "10.0.0.1:6379")});
        CHECK(reconcile(swapped, wanted, {}, now) == Plan{{}, {"R1", "R2"}, {}, {{"R1", "R2"}}});
        const auto mended =
            backend({at(out("R1"), "10.0.0.1:6379"), at(in("R2"), "10.0.0.2:6379")}, {"R1"});
        CHECK(reconcile(mended, wanted, {}, now).ready == std::vector<std::string>{"R1"});
    }

    TEST_CASE("a backend with no known server is left alone")
    {
        CHECK(reconcile(backend({in("w1", 5), in("w2")}), first_is_master, {}, now).empty());
    }
}
