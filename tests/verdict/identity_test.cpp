#include "verdict/identity.hpp"

#include "verdict/probes.hpp"

#include <doctest/doctest.h>

using namespace spoa;
using spoa::test::answered;
using spoa::test::at;
using spoa::test::Ballots;
using spoa::test::m;
using spoa::test::r;
using spoa::test::vote;
using verdict::Identity;
using verdict::identity_of;

namespace {

const std::string own(40, 'a');
const std::string strange(40, 'b');

verdict::Probe probe(const std::string& run_id)
{
    auto made = answered(m, verdict::Role::master, 0);
    made.run_id = run_id;
    return made;
}

sentinel::Vote knows(const std::string& run_id, const Endpoint& address = m)
{
    auto made = vote("r1:1", 3);
    made.processes.push_back({address, run_id});
    return made;
}

}  // namespace

TEST_SUITE("verdict/identity")
{
    TEST_CASE("a process that one Sentinel knows by this name is the one that is meant")
    {
        const auto seen = probe(own);
        CHECK(identity_of(m, &seen, Ballots{knows(strange), knows(own)}) == Identity::same);
    }

    TEST_CASE("one that no Sentinel knows is another, be it that it says it is master")
    {
        const auto seen = probe(strange);
        CHECK(identity_of(m, &seen, Ballots{knows(own), std::nullopt}) == Identity::other);
    }

    TEST_CASE("what is said of another name, or not at all, tells nothing")
    {
        const auto seen = probe(strange);
        const auto mute = probe("");
        CHECK(identity_of(m, &seen, Ballots{knows(own, r)}) == Identity::unknown);
        CHECK(identity_of(m, &seen, Ballots{vote("r1:1", 3), std::nullopt}) == Identity::unknown);
        CHECK(identity_of(m, &mute, Ballots{knows(own)}) == Identity::unknown);
        CHECK(identity_of(m, nullptr, Ballots{knows(own)}) == Identity::unknown);
    }
}
