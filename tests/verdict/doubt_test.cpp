#include "verdict/doubt.hpp"

#include "verdict/probes.hpp"
#include "verdict/votes.hpp"

#include <doctest/doctest.h>

using namespace spoa;
using namespace std::chrono_literals;
using spoa::test::answered;
using spoa::test::at;
using spoa::test::m;
using spoa::test::nil;
using spoa::test::r;
using spoa::test::silent;
using spoa::test::vote;
using spoa::test::Votes;
using verdict::Probe;
using verdict::Role;
using verdict::Vote;

namespace {

Vote s_down(int when = 0)
{
    auto made = vote("r1:1", 3, when);
    made.flags.s_down = true;
    return made;
}

Vote o_down(int when = 0)
{
    auto made = s_down(when);
    made.flags.o_down = true;
    return made;
}

const Vote fine = vote("r1:1", 3);

bool down(
    bool was_down, const Votes& votes, std::size_t sentinels = 3, const Probe* probe = nullptr)
{
    return verdict::is_down(was_down, votes, m, sentinels, probe, at(0));
}

}  // namespace

TEST_SUITE("verdict/doubt: down")
{
    TEST_CASE("o_down of one Sentinel closes as soon as a second has s_down")
    {
        CHECK_FALSE(down(false, {o_down(), fine, fine}));
        CHECK(down(false, {o_down(), s_down(), fine}));
        CHECK(down(false, {o_down(), s_down(), fine, fine, fine}, 5));
        CHECK_FALSE(down(false, {o_down(), fine, fine, fine, fine}, 5));
    }

    TEST_CASE("s_down of a majority closes without any o_down, of fewer it does not")
    {
        CHECK(down(false, {s_down(), s_down(), fine}));
        CHECK_FALSE(down(false, {s_down(), fine, fine}));
        CHECK_FALSE(down(false, {s_down(), s_down(), fine, fine, fine}, 5));
    }

    TEST_CASE("the only Sentinel of a deployment is believed alone")
    {
        CHECK(down(false, {o_down()}, 1));
        CHECK(down(false, {s_down()}, 1));
        CHECK_FALSE(down(false, {fine}, 1));
    }

    TEST_CASE("the flags of a Sentinel in TILT and those about another address do not count")
    {
        auto tilted = o_down();
        tilted.in_tilt = true;
        auto other = o_down();
        other.address = r;
        CHECK_FALSE(down(false, {tilted, tilted, o_down()}));
        CHECK_FALSE(down(false, {other, other, o_down()}));
        CHECK(verdict::count_down(Votes{tilted, other, o_down(), s_down(), nil()}, m).s_down == 2);
        CHECK(verdict::count_down(Votes{tilted, other, o_down(), s_down(), nil()}, m).o_down == 1);
    }

    TEST_CASE("once down, it stays so while two see it, although the o_down flickers")
    {
        CHECK(down(true, {s_down(), s_down(), fine, fine, fine}, 5));
        CHECK(down(true, {o_down(), s_down(), fine}));
        CHECK_FALSE(down(true, {fine, fine, fine}));
    }

    TEST_CASE("once down, the last doubt is lifted by the node's own answer, and only a fresh one")
    {
        const auto says_master = answered(m, Role::master, -100);
        const auto says_replica = answered(m, Role::replica, -100);
        const auto long_ago = answered(m, Role::master, -1'001);
        CHECK_FALSE(down(true, {s_down(), fine, fine}, 3, &says_master));
        CHECK(down(true, {s_down(), fine, fine}, 3, &says_replica));
        CHECK(down(true, {s_down(), fine, fine}, 3, &long_ago));
        CHECK_FALSE(down(true, {fine, fine, fine}, 3, &long_ago));
    }

    TEST_CASE("one Sentinel alone that goes on saying o_down does not keep a master down")
    {
        const auto says_master = answered(m, Role::master, -100);
        CHECK_FALSE(down(true, {o_down(), fine, fine}));
        CHECK_FALSE(down(true, {o_down(), fine, fine}, 3, &says_master));
        const auto quiet = silent(m, -100);
        CHECK(down(true, {o_down(), fine, fine}, 3, &quiet));
    }
}

namespace {

// What speaks against the node, in force since at(0), when this probe is the only one it gave.
std::string objection(const Probe* probe, int now)
{
    auto word = verdict::Word::none;
    verdict::hear_word(word, probe, at(0));
    return verdict::role_objection(word, probe, at(0), at(now));
}

}  // namespace

TEST_SUITE("verdict/doubt: the role of the node")
{
    TEST_CASE("without a probe, or with one that says nothing in time, nothing is said against it")
    {
        const auto quiet = silent(m, -500);
        CHECK(objection(nullptr, 10).empty());
        CHECK(objection(&quiet, 50).empty());
    }

    TEST_CASE("it is given fifty milliseconds to answer")
    {
        const auto quiet = silent(m, -500);
        CHECK_FALSE(objection(&quiet, 0).empty());
        CHECK_FALSE(objection(&quiet, 49).empty());
        CHECK(objection(&quiet, 50).empty());
    }

    TEST_CASE("a clear `replica` or a data set that is loading stand in the way, at any time")
    {
        const auto replica = answered(m, Role::replica, 5);
        CHECK(objection(&replica, 6) == "it says that it is a replica");
        CHECK(objection(&replica, 1'005) == "it says that it is a replica");
        auto loading = answered(m, Role::master, 5);
        loading.loading = true;
        CHECK(objection(&loading, 6) == "it is loading its data");
        const auto master = answered(m, Role::master, 5);
        CHECK(objection(&master, 6).empty());
    }

    TEST_CASE("its last word outlives its silence")
    {
        const auto replica = answered(m, Role::replica, 5);
        CHECK(objection(&replica, 60'000) == "it last said that it is a replica");
        auto loading = answered(m, Role::master, 5);
        loading.loading = true;
        CHECK(objection(&loading, 60'000) == "it was loading its data when it last answered");
        const auto master = answered(m, Role::master, 5);
        CHECK(objection(&master, 60'000).empty());
    }

    TEST_CASE("only another word takes it back, and an answer without a role is none")
    {
        auto word = verdict::Word::none;
        const auto replica = answered(m, Role::replica, 5);
        verdict::hear_word(word, &replica, at(0));
        const auto unknown = answered(m, Role::unknown, 10);
        verdict::hear_word(word, &unknown, at(0));
        const auto quiet = silent(m, 20);
        verdict::hear_word(word, &quiet, at(0));
        CHECK(denies(word));
        const auto master = answered(m, Role::master, 30);
        verdict::hear_word(word, &master, at(0));
        CHECK_FALSE(denies(word));
    }

    TEST_CASE("of answers before the switch only a recent `master` counts")
    {
        const auto just_before = answered(m, Role::master, -200);
        const auto too_early = answered(m, Role::master, -201);
        const auto was_replica = answered(m, Role::replica, -10);
        CHECK(objection(&just_before, 0).empty());
        CHECK_FALSE(objection(&too_early, 0).empty());
        CHECK(objection(&was_replica, 0) == "it is being asked for its role");
        CHECK(objection(&was_replica, 50).empty());
    }
}
