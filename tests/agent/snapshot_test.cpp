#include "agent/snapshot.hpp"

#include "agent/spop_frames.hpp"
#include "agent/verdicts.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace spoa;
using agent::make_snapshot;
using agent::NameIndex;
using spoa::test::good_verdict;
using spoa::test::variables_in;

TEST_SUITE("agent/snapshot")
{
    TEST_CASE("each name has its place, and no other has one")
    {
        const NameIndex index({"orders", "carts"});
        CHECK(index.find("orders") == 0);
        CHECK(index.find("carts") == 1);
        for (const std::string_view name : {"", "order", "orders ", "Orders", "orderscarts"}) {
            CAPTURE(std::string(name));
            CHECK_FALSE(index.find(name).has_value());
        }
        CHECK(index.names() == std::vector<std::string>{"orders", "carts"});
    }

    TEST_CASE("a name is found by the length of its view")
    {
        const NameIndex index({"carts"});
        CHECK(index.find(std::string_view("carts-and-more").substr(0, 5)) == 0);
    }

    TEST_CASE("at the start every name leads nowhere and says that the agent is starting")
    {
        const auto snapshot =
            make_snapshot(std::make_shared<NameIndex>(std::vector<std::string>{"a", "b"}));
        REQUIRE(snapshot->answers.size() == 2);
        for (const auto& answer : snapshot->answers) {
            CHECK(answer->state == verdict::State::no_quorum);
            auto variables = variables_in(answer->actions);
            CHECK(variables["state"] == "string no-quorum");
            CHECK(variables["server"] == "unset");
            CHECK(variables["ip"] == "unset");
            CHECK(variables["reason"].starts_with("string starting"));
        }
    }

    TEST_CASE("an update replaces its own answer, shares all others, and leaves the old as it was")
    {
        const auto before =
            make_snapshot(std::make_shared<NameIndex>(std::vector<std::string>{"a", "b", "c"}));
        const auto good = good_verdict();
        const std::vector<agent::Update> updates{{1, &good}};
        const auto after = agent::with_updates(*before, updates);

        CHECK(after->index == before->index);
        CHECK(after->answers[0] == before->answers[0]);
        CHECK(after->answers[2] == before->answers[2]);
        CHECK(after->answers[1]->state == verdict::State::ok);
        CHECK(variables_in(after->answers[1]->actions)["server"] == "string R1");
        CHECK(before->answers[1]->state == verdict::State::no_quorum);
    }

    TEST_CASE("several names are updated at once, the last word on each holds")
    {
        const auto before =
            make_snapshot(std::make_shared<NameIndex>(std::vector<std::string>{"a", "b"}));
        const auto first = good_verdict("R1");
        const auto second = good_verdict("R2");
        const std::vector<agent::Update> updates{{0, &first}, {1, &first}, {0, &second}};
        const auto after = agent::with_updates(*before, updates);
        CHECK(variables_in(after->answers[0]->actions)["server"] == "string R2");
        CHECK(variables_in(after->answers[1]->actions)["server"] == "string R1");
        CHECK(agent::with_updates(*before, {})->answers == before->answers);
    }
}
