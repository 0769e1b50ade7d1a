#include "sentinel/electorate.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace spoa;
using namespace spoa::sentinel;

namespace {

const Endpoint a{"a", 1};
const Endpoint b{"b", 1};

Vote vote(std::optional<Endpoint> address, std::uint64_t epoch = 0)
{
    Vote made;
    made.address = std::move(address);
    made.config_epoch = epoch;
    return made;
}

}  // namespace

TEST_SUITE("sentinel/electorate")
{
    TEST_CASE("a majority is more than half of what is configured")
    {
        CHECK(majority_of(1) == 1);
        CHECK(majority_of(2) == 2);
        CHECK(majority_of(3) == 2);
        CHECK(majority_of(4) == 3);
        CHECK(majority_of(5) == 3);
        CHECK(majority_of(6) == 4);
        CHECK(majority_of(7) == 4);
    }

    TEST_CASE("two of three Sentinels name the master, whatever the third says")
    {
        CHECK(find_majority(std::vector{vote(a, 7), vote(a, 7), vote(b, 8)}, 2)->address == a);
        CHECK(find_majority(std::vector{vote(b, 8), vote(a, 7), vote(a, 7)}, 2)->address == a);
        CHECK(find_majority(std::vector{vote(a), vote(a), vote({})}, 2)->address == a);
    }

    TEST_CASE("too few votes are no majority")
    {
        CHECK_FALSE(find_majority({}, 1).has_value());
        CHECK_FALSE(find_majority(std::vector{vote(a)}, 2).has_value());
        CHECK_FALSE(find_majority(std::vector{vote(a), vote(b)}, 2).has_value());
        CHECK_FALSE(find_majority(std::vector{vote(a), vote(a)}, 3).has_value());
        CHECK_FALSE(find_majority(std::vector{vote(a), vote(a), vote(b), vote(b)}, 3).has_value());
    }

    TEST_CASE("Sentinels that do not know the name are no majority for any address")
    {
        CHECK_FALSE(find_majority(std::vector{vote({}), vote({}), vote({})}, 2).has_value());
        CHECK_FALSE(find_majority(std::vector{vote({}), vote({}), vote(a)}, 2).has_value());
    }

    TEST_CASE("the port is a part of the address")
    {
        const Endpoint other{"a", 2};
        CHECK_FALSE(find_majority(std::vector{vote(a), vote(other)}, 2).has_value());
    }

    TEST_CASE("all supporters are counted")
    {
        const auto majority = find_majority(std::vector{vote(a), vote(a), vote(a)}, 2);
        CHECK(majority == Majority{a, 3, 0, 0});
    }

    TEST_CASE("the confirmed epoch is the highest that a majority of supporters holds")
    {
        struct Case {
            std::vector<std::uint64_t> epochs;  // of the supporters, of five Sentinels
            std::uint64_t highest;
            std::uint64_t confirmed;
        };
        const std::vector<Case> cases{
            {{7, 7, 7}, 7, 7},
            {{7, 7, 9}, 9, 7},
            {{9, 8, 7}, 9, 7},
            {{1, 5, 5, 9}, 9, 5},
            {{9, 9, 9, 1, 0}, 9, 9},
            {{0, 0, 0, 0, ~std::uint64_t{0}}, ~std::uint64_t{0}, 0},
        };
        for (const auto& c : cases) {
            CAPTURE(c.highest);
            auto epochs = c.epochs;
            std::ranges::sort(epochs);
            do {
                std::vector<Vote> votes{vote(b, 100)};
                for (const auto epoch : epochs)
                    votes.push_back(vote(a, epoch));
                CHECK(
                    find_majority(votes, 3) == Majority{a, epochs.size(), c.highest, c.confirmed});
            } while (std::ranges::next_permutation(epochs).found);
        }
    }

    TEST_CASE("one Sentinel alone cannot raise the confirmed epoch")
    {
        const auto majority = find_majority(std::vector{vote(a, 7), vote(a, 7), vote(a, 9)}, 2);
        CHECK(majority->confirmed_epoch == 7);
        CHECK(majority->highest_epoch == 9);
    }

    TEST_CASE("a single configured Sentinel is its own majority")
    {
        CHECK(find_majority(std::vector{vote(a, 3)}, majority_of(1)) == Majority{a, 1, 3, 3});
    }
}
