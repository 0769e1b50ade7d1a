#include "verdict/failover.hpp"

#include "verdict/votes.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace spoa;
using namespace spoa::test;
using namespace std::chrono_literals;
using verdict::Course;
using verdict::Phase;
using verdict::State;
using verdict::Watch;

namespace {

// A name under watch by three Sentinels, and the course of its failovers.
struct Scene {
    Watch watch{subject(), 3, at(0)};
    Course course;
    verdict::SessionsSeen sessions{};

    // The three Sentinels answer at this moment.
    void votes(int when, const std::vector<sentinel::Vote>& cast)
    {
        for (std::size_t i = 0; i < cast.size(); ++i)
            watch.cast(i, cast[i]);
        review(when);
    }

    void review(int when)
    {
        watch.review(at(when));
        while (course.follow(watch, sessions, at(when))) {
        }
    }

    void all_name(std::string_view address, std::uint64_t epoch, int when)
    {
        votes(
            when,
            {vote(address, epoch, when), vote(address, epoch, when), vote(address, epoch, when)});
    }
};

sentinel::Vote down_vote(std::string_view address, std::uint64_t epoch, int when, bool o_down)
{
    auto made = vote(address, epoch, when);
    made.flags.s_down = true;
    made.flags.o_down = o_down;
    return made;
}

// R1 is in use, and is seen as down from 1000 on.
Scene crashed()
{
    Scene scene;
    scene.all_name("r1:1", 7, 0);
    scene.votes(
        1000,
        {down_vote("r1:1", 7, 1000, true),
         down_vote("r1:1", 7, 1000, false),
         vote("r1:1", 7, 1000)});
    return scene;
}

// R1 writes 100 bytes each 100 ms up to 1000 and is gone then, and R2 has so much of it.
Scene probed(std::uint64_t offset_of_r2, bool promoted = true)
{
    Scene scene;
    const auto probe =
        [&](std::string_view address, verdict::Role role, std::uint64_t offset, int when) {
            verdict::Probe made;
            made.address = endpoint(address);
            made.role = role;
            made.offset = offset;
            made.answered_at = at(when);
            if (role == verdict::Role::replica) {
                made.follows = m;
                made.link = verdict::Link::up;
            }
            scene.watch.examine(made);
            scene.review(when);
        };
    scene.all_name("r1:1", 7, 0);
    for (int when = 100; when <= 1000; when += 100) {
        const auto written = static_cast<std::uint64_t>(when) + 5000;
        probe("r1:1", verdict::Role::master, written, when);
        probe("r2:1", verdict::Role::replica, std::min(written, offset_of_r2), when);
    }
    scene.votes(
        1300,
        {down_vote("r1:1", 7, 1300, true),
         down_vote("r1:1", 7, 1300, false),
         vote("r1:1", 7, 1300)});
    if (promoted)
        probe("r2:1", verdict::Role::master, offset_of_r2, 1900);
    scene.all_name("r2:1", 8, 2000);
    return scene;
}

}  // namespace

TEST_SUITE("verdict/failover")
{
    TEST_CASE("nothing is told of a name that comes up and stays")
    {
        Scene scene;
        scene.review(10);
        scene.all_name("r1:1", 7, 100);
        scene.all_name("r1:1", 7, 600);
        CHECK(scene.course.failovers().empty());
    }

    TEST_CASE("a crash is told phase by phase, each at its own moment")
    {
        auto scene = crashed();
        REQUIRE(scene.course.under_way());
        CHECK(scene.course.newest().at(Phase::doubt) == at(1000));
        CHECK(scene.course.newest().at(Phase::o_down) == at(1000));
        CHECK(scene.course.newest().began_as == State::odown);
        CHECK_FALSE(scene.course.newest().to_address);

        scene.sessions.old_ended = true;
        CHECK(scene.course.look(scene.sessions, at(1005)));
        scene.votes(
            2000, {vote("r2:1", 8, 2000), vote("r2:1", 8, 2000), down_vote("r1:1", 7, 2000, true)});
        const auto& failover = scene.course.newest();
        CHECK(failover.at(Phase::majority) == at(2000));
        CHECK(failover.at(Phase::verdict) == at(2000));
        CHECK(failover.at(Phase::sessions_ended) == at(1005));
        CHECK(failover.from == "R1");
        CHECK(failover.to == "R2");
        CHECK(failover.to_address == endpoint("r2:1"));
        CHECK_FALSE(failover.ended);

        CHECK_FALSE(scene.course.look(scene.sessions, at(2009)));
        scene.sessions.answers = 1;
        CHECK(scene.course.look(scene.sessions, at(2020)));
        CHECK(failover.at(Phase::first_session) == at(2020));
        CHECK(failover.ended == at(2020));
        CHECK_FALSE(failover.false_alarm);
        CHECK(verdict::cause_of(failover) == "down");
    }

    TEST_CASE("the event of o_down tells its moment before the votes do")
    {
        Scene scene;
        scene.all_name("r1:1", 7, 0);
        sentinel::Event event;
        event.channel = "+odown";
        event.node = endpoint("r1:1");
        scene.course.hear(event, at(980));
        scene.votes(1000, {down_vote("r1:1", 7, 1000, true), down_vote("r1:1", 7, 1000, false)});
        CHECK(scene.course.newest().at(Phase::o_down) == at(980));
        CHECK(scene.course.newest().at(Phase::doubt) == at(1000));
    }

    TEST_CASE("an o_down that nothing followed is forgotten")
    {
        Scene scene;
        scene.all_name("r1:1", 7, 0);
        sentinel::Event event;
        event.channel = "+odown";
        event.node = endpoint("r1:1");
        scene.course.hear(event, at(500));
        scene.all_name("r1:1", 7, 3000);
        scene.votes(9000, {down_vote("r1:1", 7, 9000, true), down_vote("r1:1", 7, 9000, false)});
        CHECK(scene.course.newest().at(Phase::o_down) == at(9000));
    }

    TEST_CASE("doubt that passes is a false alarm, and without a new master")
    {
        auto scene = crashed();
        scene.all_name("r1:1", 7, 1600);
        const auto& failover = scene.course.newest();
        CHECK(failover.ended == at(1600));
        CHECK(failover.false_alarm);
        CHECK_FALSE(failover.to_address);
        CHECK_FALSE(scene.course.under_way());
    }

    TEST_CASE("a switch that no doubt came before is told as well")
    {
        Scene scene;
        scene.all_name("r1:1", 7, 0);
        scene.all_name("r2:1", 8, 1000);
        const auto& failover = scene.course.newest();
        CHECK_FALSE(failover.at(Phase::doubt));
        CHECK(failover.at(Phase::majority) == at(1000));
        CHECK(failover.at(Phase::verdict) == at(1000));
        CHECK(verdict::cause_of(failover) == "manual");
    }

    TEST_CASE("answers from before the verdict are no first session of the new master")
    {
        auto scene = crashed();
        scene.sessions.answers = 41;
        scene.all_name("r2:1", 8, 2000);
        CHECK_FALSE(scene.course.newest().at(Phase::first_session));
        CHECK_FALSE(scene.course.look(scene.sessions, at(2010)));
        scene.sessions.answers = 42;
        CHECK(scene.course.look(scene.sessions, at(2020)));
        CHECK(scene.course.newest().at(Phase::first_session) == at(2020));
    }

    TEST_CASE("it waits for the sessions of the old server to end, but not for ever")
    {
        auto scene = crashed();
        scene.sessions.old_ended = false;
        scene.all_name("r2:1", 8, 2000);
        scene.sessions.answers = 1;
        CHECK(scene.course.look(scene.sessions, at(2010)));
        CHECK(scene.course.under_way());
        CHECK_FALSE(scene.course.look(scene.sessions, at(61'999)));
        CHECK(scene.course.look(scene.sessions, at(62'000)));
        CHECK_FALSE(scene.course.under_way());
        CHECK_FALSE(scene.course.newest().at(Phase::sessions_ended));
        CHECK_FALSE(scene.course.newest().false_alarm);
    }

    TEST_CASE("a new master that is in doubt itself begins the next failover at once")
    {
        auto scene = crashed();
        scene.all_name("r2:1", 8, 2000);
        scene.votes(
            3000,
            {down_vote("r2:1", 8, 3000, true),
             down_vote("r2:1", 8, 3000, true),
             vote("r2:1", 8, 3000)});
        REQUIRE(scene.course.failovers().size() == 2);
        CHECK(scene.course.failovers().front().ended == at(3000));
        CHECK(scene.course.newest().from == "R2");
        CHECK(scene.course.newest().at(Phase::doubt) == at(3000));
        CHECK(scene.course.newest().at(Phase::o_down) == at(3000));
    }

    TEST_CASE("ten are kept, and false alarms go first")
    {
        Scene scene;
        scene.all_name("r1:1", 7, 0);
        scene.all_name("r2:1", 8, 1000);
        scene.sessions.answers = 1;
        scene.course.look(scene.sessions, at(1010));
        for (int i = 0; i < 20; ++i) {
            const auto when = 2000 + 1000 * i;
            scene.votes(
                when,
                {down_vote("r2:1", 8, when, true),
                 down_vote("r2:1", 8, when, false),
                 vote("r2:1", 8, when)});
            scene.all_name("r2:1", 8, when + 500);
        }
        CHECK(scene.course.failovers().size() == Course::history_size);
        CHECK(scene.course.failovers().front().to == "R2");
        CHECK(scene.course.newest().at(Phase::doubt) == at(21'000));
    }

    TEST_CASE("a false alarm after ten failovers is told of, and not the one before once more")
    {
        Scene scene;
        scene.all_name("r1:1", 7, 0);
        for (int i = 1; i <= 11; ++i)
            scene.all_name(
                i % 2 == 1 ? "r2:1" : "r1:1", 7U + static_cast<unsigned>(i), 100'000 * i);
        scene.all_name("r2:1", 18, 1'200'000);
        REQUIRE(scene.course.failovers().size() == Course::history_size);
        REQUIRE_FALSE(scene.course.under_way());
        scene.votes(
            1'201'000,
            {down_vote("r2:1", 18, 1'201'000, true),
             down_vote("r2:1", 18, 1'201'000, true),
             vote("r2:1", 18, 1'201'000)});
        scene.all_name("r2:1", 18, 1'201'500);
        CHECK(scene.course.failovers().size() == Course::history_size);
        CHECK(scene.course.newest().false_alarm);
        CHECK(scene.course.newest().ended == at(1'201'500));
    }

    TEST_CASE("Sentinels that cannot be heard begin no failover, and end none")
    {
        Scene scene;
        scene.all_name("r1:1", 7, 0);
        scene.review(3000);
        CHECK(scene.watch.verdict().state == State::no_quorum);
        scene.review(9000);
        CHECK(scene.watch.verdict().state == State::stale);
        CHECK(scene.course.failovers().empty());
        scene.watch.forget(at(9100));
        scene.review(9100);
        CHECK_FALSE(scene.watch.verdict().open);
        CHECK(scene.course.failovers().empty());

        auto doubted = crashed();
        doubted.review(3000);
        doubted.review(12'000);
        CHECK(doubted.watch.verdict().state != State::odown);
        CHECK(doubted.course.under_way());
        doubted.all_name("r1:1", 7, 12'100);
        CHECK(doubted.course.newest().false_alarm);
    }

    TEST_CASE("what the new master lacked is told in bytes and in time")
    {
        const auto all = probed(6000);
        REQUIRE(all.course.newest().lag);
        CHECK(*all.course.newest().lag == verdict::Lag{0, std::chrono::nanoseconds(0)});

        const auto some = probed(5700);
        REQUIRE(some.course.newest().lag);
        CHECK(*some.course.newest().lag == verdict::Lag{300, std::chrono::nanoseconds(300ms)});

        const auto far = probed(4000);  // behind since before the agent looked
        REQUIRE(far.course.newest().lag);
        CHECK(*far.course.newest().lag == verdict::Lag{2000, std::nullopt});
    }

    TEST_CASE("a lag that could not be measured is none, not 0")
    {
        CHECK_FALSE(crashed().course.newest().lag);
        auto late = probed(5700, false);
        CHECK_FALSE(late.course.newest().lag);
        // The new master says so only now: while the failover is told of, that is soon enough.
        verdict::Probe made;
        made.address = endpoint("r2:1");
        made.role = verdict::Role::master;
        made.offset = 5700;
        made.answered_at = at(2010);
        late.watch.examine(made);
        late.review(2010);
        REQUIRE(late.course.newest().lag);
        CHECK(late.course.newest().lag->bytes == 300);
    }
}
