#include "monitor/monitored_names.hpp"

#include "verdict/probes.hpp"
#include "verdict/votes.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

using namespace spoa;
using namespace std::chrono_literals;
using haproxy_api::Readiness;
using haproxy_api::Wish;
using monitor::Effects;
using monitor::MonitoredNames;
using monitor::Question;
using spoa::test::answered;
using spoa::test::at;
using spoa::test::endpoint;
using spoa::test::m;
using spoa::test::r;
using spoa::test::vote;
using Whom = Question::Whom;
using Places = std::vector<std::size_t>;

namespace {

verdict::Subject named(const char* name)
{
    auto made = spoa::test::subject();
    made.name = name;
    made.sentinels = {"s1:1", "s2:1", "s3:1"};
    return made;
}

// Three Sentinels and the names that a case needs; HAProxy is ready for everything unless said.
struct Scene final : monitor::Surroundings {
    Readiness ready = Readiness::ready;
    verdict::SessionsSeen seen;
    MonitoredNames names;

    explicit Scene(std::vector<verdict::Subject> subjects = {named("a"), named("b")})
        : names(*this, at(0))
    {
        configure(std::move(subjects), {std::nullopt, std::nullopt, std::nullopt}, 0);
    }

    Places configure(
        std::vector<verdict::Subject> subjects,
        std::vector<std::optional<std::size_t>> sentinels_before, int now)
    {
        return names.configure(std::move(subjects), sentinels_before, 1'500ms, at(now));
    }

    // All three Sentinels name it; what follows from the second vote, which is the majority.
    Effects all_name(std::size_t name, const char* address, std::uint64_t epoch, int now)
    {
        names.on_vote(0, name, vote(address, epoch, now), at(now));
        auto out = names.on_vote(1, name, vote(address, epoch, now), at(now));
        names.on_vote(2, name, vote(address, epoch, now), at(now));
        return out;
    }

    Readiness readiness(std::size_t, const std::string&) const override { return ready; }
    verdict::SessionsSeen sessions(std::size_t, const verdict::Failover*) const override
    {
        return seen;
    }

    const verdict::Verdict& verdict(std::size_t name) const
    {
        return names.at(name).watch.verdict();
    }
};

bool asks(const Effects& effects, Whom whom, std::size_t name, std::size_t sentinel = 0)
{
    return std::ranges::count(effects.questions, Question{whom, name, sentinel}) == 1;
}

sentinel::Event event(const char* channel, const char* payload)
{
    return sentinel::parse_event(channel, payload).value();
}

}  // namespace

TEST_SUITE("monitor/monitored_names")
{
    TEST_CASE("a majority's vote is published, told, saved and wanted for that name alone")
    {
        Scene scene;
        const auto effects = scene.all_name(1, "r1:1", 1, 10);
        CHECK(effects.answers == Places{1});
        CHECK(effects.servers == Places{1});
        REQUIRE(effects.changes.size() == 1);
        CHECK(effects.changes[0].first == 1);
        CHECK(effects.changes[0].second.after.open);
        CHECK(effects.save);
        CHECK(asks(effects, Whom::nodes, 1));
        CHECK(asks(effects, Whom::resolver, 1));
        CHECK(scene.names.at(1).wishes.at("R1") == Wish::ready);
        CHECK(scene.names.at(1).wishes.at("R2") == Wish::idle);
        CHECK_FALSE(scene.verdict(0).open);
    }

    TEST_CASE("a vote once again has no effect")
    {
        Scene scene;
        scene.all_name(0, "r1:1", 1, 10);
        const auto effects = scene.names.on_vote(0, 0, vote("r1:1", 1, 20), at(20));
        CHECK(effects.answers.empty());
        CHECK(effects.changes.empty());
        CHECK(effects.questions.empty());
        CHECK_FALSE(effects.save);
    }

    TEST_CASE("a Sentinel that is lost is lost for all names, in one set of effects")
    {
        Scene scene;
        scene.all_name(0, "r1:1", 1, 10);
        scene.all_name(1, "r1:1", 1, 10);
        scene.names.on_sentinel_down(0, at(20));
        const auto effects = scene.names.on_sentinel_down(1, at(30));
        CHECK(effects.answers == Places{0, 1});
        CHECK(scene.verdict(0).state == verdict::State::no_quorum);
        CHECK(scene.verdict(1).state == verdict::State::no_quorum);
    }

    TEST_CASE("an event is a reason to ask: whom it says")
    {
        Scene scene;
        scene.all_name(1, "r1:1", 1, 10);
        const auto moved =
            scene.names.on_event(2, 1, event("+switch-master", "b r1 1 r2 1"), at(20));
        CHECK(asks(moved, Whom::sentinel, 1, 2));
        const auto elects =
            scene.names.on_event(2, 1, event("+try-failover", "master b r1 1"), at(25));
        CHECK(elects.questions == std::vector{Question{Whom::everybody, 1, 2}});
        const auto down =
            scene.names.on_event(2, 1, event("+sdown", "slave r2:1 r2 1 @ b r1 1"), at(30));
        CHECK(down.questions.size() == 1);
        CHECK(scene.verdict(1).server == "R1");
    }

    TEST_CASE("a new master is held back until HAProxy is ready, and no longer than a second")
    {
        Scene scene;
        scene.ready = Readiness::not_yet;
        auto effects = scene.all_name(0, "r1:1", 1, 10);
        CHECK(effects.answers == Places{0});
        CHECK(scene.names.at(0).release.holds_back());
        scene.ready = Readiness::ready;
        effects = scene.names.on_haproxy(0, {}, {}, at(40));
        CHECK(effects.answers == Places{0});
        CHECK_FALSE(scene.names.at(0).release.holds_back());
        scene.ready = Readiness::not_yet;
        scene.all_name(0, "r2:1", 2, 100);
        CHECK(scene.names.at(0).release.holds_back());
        CHECK(scene.names.look(at(1'099)).answers.empty());
        CHECK(scene.names.look(at(1'100)).answers == Places{0});
    }

    TEST_CASE("a server that leads elsewhere closes the gate")
    {
        Scene scene;
        scene.all_name(0, "r1:1", 1, 10);
        const auto effects = scene.names.on_haproxy(0, {{"R1", "leads to r2:1"}}, {}, at(20));
        CHECK(effects.answers == Places{0});
        CHECK_FALSE(scene.verdict(0).open);
        CHECK(scene.names.on_haproxy(0, {{"R1", "leads to r2:1"}}, {}, at(30)).answers.empty());
    }

    TEST_CASE("a stop of the process voids all votes, whatever is heard first")
    {
        Scene scene;
        scene.all_name(0, "r1:1", 1, 10);
        scene.all_name(1, "r1:1", 1, 10);
        const auto effects = scene.names.on_vote(0, 0, vote("r1:1", 2, 1'000), at(1'511));
        CHECK(effects.forgotten);
        CHECK(effects.answers == Places{0, 1});
        CHECK(asks(effects, Whom::everybody, 0));
        CHECK(asks(effects, Whom::everybody, 1));
        CHECK_FALSE(scene.verdict(0).open);
        CHECK_FALSE(scene.names.look(at(1'600)).forgotten);
    }

    TEST_CASE("one that runs all the time forgets nothing")
    {
        Scene scene;
        scene.all_name(0, "r1:1", 1, 10);
        for (int now = 20; now < 1'500; now += 10)
            CHECK_FALSE(scene.names.look(at(now)).forgotten);
        CHECK_FALSE(scene.names.review(at(2'900)).forgotten);
    }

    TEST_CASE("each step of a failover is told once")
    {
        Scene scene;
        scene.all_name(0, "r1:1", 1, 10);
        const auto effects = scene.all_name(0, "r2:1", 2, 100);
        REQUIRE_FALSE(effects.steps.empty());
        CHECK(effects.steps.back().second.at(verdict::Phase::verdict) == at(100));
        scene.seen = {true, 0};
        const auto ended = scene.names.look(at(110));
        REQUIRE(ended.steps.size() == 1);
        CHECK(ended.steps[0].second.at(verdict::Phase::sessions_ended) == at(110));
        CHECK(scene.names.look(at(120)).steps.empty());
    }

    TEST_CASE("replicas that no server maps are told of when they are others than before")
    {
        Scene scene;
        auto with_stranger = vote("r1:1", 1, 10);
        with_stranger.promotable = {endpoint("r9:1")};
        CHECK(scene.names.on_vote(0, 0, with_stranger, at(10)).unmapped == Places{0});
        CHECK(scene.names.at(0).unmapped == std::vector{endpoint("r9:1")});
        CHECK(scene.names.on_vote(1, 0, with_stranger, at(20)).unmapped.empty());
    }

    TEST_CASE("what was in force goes on in the next process: held, and refused until it is heard")
    {
        Scene before;
        before.all_name(0, "r2:1", 7, 10);
        before.names.on_event(
            1, 0, event("+failover-state-send-slaveof-noone", "slave r1:1 r1 1 @ a r2 1"), at(20));
        const auto saved = before.names.saved_masters(at(30));
        REQUIRE(saved.size() == 1);
        CHECK(saved[0].name == "a");
        CHECK(saved[0].address == r);
        CHECK(saved[0].high_water == 7);
        REQUIRE(saved[0].promotion.has_value());
        CHECK(saved[0].promotion->sentinel == "s2:1");
        CHECK(saved[0].promotion->age == 10ms);

        Scene after;
        after.names.restore(saved, at(40));
        after.names.review(at(40));
        CHECK(after.verdict(0).address == r);
        CHECK_FALSE(after.verdict(0).open);
        CHECK_FALSE(after.names.knows_all());
        REQUIRE(after.names.at(0).watch.promotion().has_value());
        CHECK(after.names.at(0).watch.promotion()->candidate == m);
    }

    TEST_CASE("another configuration keeps the places, and what is known of a name that stays")
    {
        Scene scene;
        scene.all_name(0, "r1:1", 1, 10);
        scene.all_name(1, "r1:1", 1, 10);
        CHECK(scene.configure({named("c"), named("b")}, {0, 1, 2}, 20) == Places{0});
        CHECK(scene.names.in_order() == Places{2, 1});
        CHECK_FALSE(scene.names.find("a").has_value());
        CHECK(scene.names.find("c") == 2);
        scene.names.review(at(20));
        CHECK(scene.verdict(1).open);
        CHECK_FALSE(scene.verdict(2).open);

        // One that comes back is new.
        CHECK(scene.configure({named("a"), named("b")}, {0, 1, 2}, 30) == Places{2});
        CHECK(scene.names.find("a") == 0);
        scene.names.review(at(30));
        CHECK_FALSE(scene.verdict(0).address.has_value());
    }

    TEST_CASE("votes follow their Sentinels to other places")
    {
        Scene scene;
        scene.all_name(0, "r1:1", 1, 10);
        scene.configure({named("a")}, {2, std::nullopt, 0}, 20);
        scene.names.review(at(20));
        CHECK(scene.verdict(0).votes == 2);
        scene.configure({named("a")}, {std::nullopt, std::nullopt, 0}, 30);
        scene.names.review(at(30));
        CHECK(scene.verdict(0).state == verdict::State::no_quorum);
    }

    TEST_CASE("an address that moved: nobody is sent there before HAProxy is ready for it again")
    {
        Scene scene;
        scene.all_name(0, "r1:1", 1, 10);
        scene.ready = Readiness::not_yet;
        scene.names.retract(0);
        CHECK(scene.names.review(at(20)).answers == Places{0});
        CHECK(scene.names.at(0).release.holds_back());
    }

    TEST_CASE("a machine that was named by its address is held to that address, and asked anew")
    {
        Scene scene;
        scene.all_name(0, "r1:1", 1, 10);
        scene.names.hold_to(0, endpoint("10.0.0.9:1"), at(20));
        scene.names.review(at(20));
        CHECK_FALSE(scene.verdict(0).open);
        CHECK(scene.verdict(0).address == endpoint("10.0.0.9:1"));
    }

    TEST_CASE("a node that denies closes the gate of its name")
    {
        Scene scene;
        scene.all_name(0, "r1:1", 1, 10);
        const auto effects =
            scene.names.on_probe(0, answered(m, verdict::Role::replica, 20), at(20));
        CHECK(effects.answers == Places{0});
        CHECK(scene.verdict(0).state == verdict::State::not_master);
    }
}
