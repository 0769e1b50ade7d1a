#include "verdict/sight.hpp"

#include "verdict/votes.hpp"

#include <doctest/doctest.h>

using namespace spoa;
using namespace spoa::test;
using verdict::sight_of;

namespace {

sentinel::Vote unseeing(bool s_down, const Endpoint& replica = r)
{
    auto made = vote("r1:1", 1);
    made.unseen.push_back({replica, s_down});
    return made;
}

const auto seeing = vote("r1:1", 1);

}  // namespace

TEST_SUITE("verdict/sight")
{
    TEST_CASE("a majority of the configured Sentinels, not of those that answer")
    {
        CHECK_FALSE(sight_of(r, Votes{unseeing(true)}, 3).is_s_down());
        CHECK_FALSE(sight_of(r, Votes{unseeing(true), seeing, seeing}, 3).is_s_down());
        CHECK(sight_of(r, Votes{unseeing(true), unseeing(true)}, 3).is_s_down());
        CHECK_FALSE(sight_of(r, Votes{unseeing(true), unseeing(true)}, 4).is_s_down());
        CHECK_FALSE(sight_of(r, Votes{}, 1).is_s_down());
        CHECK(sight_of(r, Votes{unseeing(true)}, 1).is_s_down());
    }

    TEST_CASE("a missing connection counts towards unseen alone")
    {
        const auto sight = sight_of(r, Votes{unseeing(true), unseeing(false), seeing}, 3);
        CHECK(sight.is_unseen());
        CHECK_FALSE(sight.is_s_down());
        CHECK(sight.s_down == 1);
        CHECK(sight.unseen == 2);
        CHECK(sight.sentinels == 3);
    }

    TEST_CASE("what is said of others, in TILT, or twice in one list does not count")
    {
        auto tilted = unseeing(true);
        tilted.in_tilt = true;
        auto twice = unseeing(false);
        twice.unseen.push_back({r, true});
        const auto sight = sight_of(r, Votes{tilted, twice, unseeing(true, endpoint("r3:1"))}, 3);
        CHECK(sight.s_down == 1);
        CHECK(sight.unseen == 1);
    }
}
