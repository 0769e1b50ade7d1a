#include "verdict/process.hpp"

#include "verdict/probes.hpp"
#include "verdict/votes.hpp"
#include "verdict/watch.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace spoa;
using namespace spoa::test;
using verdict::Probe;
using verdict::Role;
using verdict::State;
using verdict::Watch;

namespace {

// A name of three Sentinels under watch, whose master has been in force for a while.
struct Scene {
    explicit Scene(std::string known = "aaa") { pass(1'000, std::move(known), process('a')); }

    Probe process(char id) const
    {
        auto made = answered(m, Role::master, now);
        if (id != ' ')
            made.run_id = run_id(id);
        return made;
    }

    Probe hung_up() const
    {
        auto made = answered(m, Role::master, now - 100);
        made.silent_since = at(now);
        made.refused = true;
        return made;
    }

    // `known`: a digit of the run_id that each Sentinel has; ' ' none yet, '-' is not heard, '!'
    // has no connection to the master.
    void hear(
        const std::string& known, const std::string& address = "r1:1", std::uint64_t epoch = 1)
    {
        for (std::size_t i = 0; i < known.size(); ++i) {
            if (known[i] == '-') {
                watch.lose(i);
                continue;
            }
            auto made = vote(address, epoch, now);
            made.flags.disconnected = known[i] == '!';
            if (known[i] != ' ' && known[i] != '!')
                made.run_id = run_id(known[i]);
            watch.cast(i, made);
        }
        watch.review(at(now));
    }

    void say(const Probe& probe)
    {
        watch.examine(probe);
        watch.review(at(now));
    }

    void pass(int ms, const std::string& known, Probe probe)
    {
        for (const int end = now + ms; now < end; now += 200) {
            if (!probe.silent_since)
                probe.answered_at = at(now);
            watch.examine(probe);
            hear(known);
        }
    }

    bool open() const { return watch.verdict().open; }
    State state() const { return watch.verdict().state; }

    int now = 0;
    Watch watch{subject(), 3, at(0)};
};

}  // namespace

TEST_SUITE("base/run_id")
{
    TEST_CASE("forty hex digits are an id, in upper case and lower, and nothing else is")
    {
        const std::string digits = "0123456789abcdef0123456789abcdef01234567";
        CHECK(RunId(digits).is_known());
        CHECK(RunId(digits) == RunId("0123456789ABCDEF0123456789ABCDEF01234567"));
        CHECK(RunId(digits) != RunId("0123456789abcdef0123456789abcdef01234568"));
        CHECK_FALSE(RunId().is_known());
        CHECK_FALSE(RunId("").is_known());
        CHECK_FALSE(RunId(digits.substr(1)).is_known());
        CHECK_FALSE(RunId(digits + "0").is_known());
        CHECK_FALSE(RunId(std::string(39, 'a') + "g").is_known());
        CHECK_FALSE(RunId(std::string(39, 'a') + '\0').is_known());
        CHECK_FALSE(RunId(std::string(1'000'000, 'a')).is_known());
        CHECK(RunId(std::string(40, '0')) != RunId());
    }
}

TEST_SUITE("verdict/process: another process")
{
    TEST_CASE("the process that a majority knows is used")
    {
        const Scene scene;
        CHECK(scene.open());
        CHECK(scene.state() == State::ok);
    }

    TEST_CASE("another one that says master is refused at its first answer")
    {
        Scene scene;
        scene.say(scene.process('f'));
        CHECK_FALSE(scene.open());
        CHECK(scene.state() == State::not_master);
        CHECK(
            scene.watch.verdict().reason ==
            "the Sentinels name r1:1, and it is another process than the one that the Sentinels "
            "know there (run_id)");
        CHECK(scene.watch.verdict().rule == "another process is at the address");
    }

    TEST_CASE("until a majority of all knows it, and not before")
    {
        for (const auto* const known : {"aaa", "faa", "f-a", "fa-", "f  ", "f--"}) {
            CAPTURE(known);
            Scene scene;
            scene.say(scene.process('f'));
            scene.hear(known);
            CHECK_FALSE(scene.open());
        }
        for (const auto* const known : {"ffa", "fff", "f-f", " ff"}) {
            CAPTURE(known);
            Scene scene;
            scene.say(scene.process('f'));
            scene.hear(known);
            CHECK(scene.open());
        }
    }

    TEST_CASE("a minority that knows another one refuses nobody")
    {
        for (const auto* const known : {"baa", "b  ", "bca", "b-a", "bcd"}) {
            CAPTURE(known);
            Scene scene("   ");
            scene.hear(known);
            CHECK(scene.open());
        }
    }

    TEST_CASE("Sentinels that have not asked the node yet refuse nobody, as after a failover")
    {
        Scene scene;
        auto promoted = answered(r, Role::master, scene.now);
        promoted.run_id = run_id('b');
        scene.say(promoted);
        scene.hear("   ", "r2:1", 2);
        CHECK(scene.watch.verdict().address == r);
        CHECK(scene.open());
        scene.hear("bbb", "r2:1", 2);
        CHECK(scene.open());
    }

    TEST_CASE("what one address's process was says nothing of the next address")
    {
        Scene scene;
        auto promoted = answered(r, Role::master, scene.now);
        promoted.run_id = run_id('b');
        scene.say(promoted);
        scene.hear("  a", "r2:1", 2);
        CHECK(scene.open());
        // And back: only what is told since then counts.
        auto back = scene.process('c');
        scene.say(back);
        scene.hear("   ", "r1:1", 3);
        CHECK(scene.open());
    }

    TEST_CASE("a node that refuses INFO, or whose word is no run_id, is used as before")
    {
        Scene scene;
        scene.say(scene.process(' '));
        CHECK(scene.open());
        Scene untold("   ");
        untold.say(untold.process('f'));
        CHECK(untold.open());
    }

    TEST_CASE("it stays refused when it falls silent, and in the agent's own gaps")
    {
        Scene scene;
        scene.say(scene.process('f'));
        auto quiet = scene.process('f');
        quiet.silent_since = at(scene.now);
        quiet.run_id = {};
        scene.pass(5'000, "aaa", quiet);
        CHECK(scene.state() == State::not_master);
        CHECK_FALSE(scene.open());
        scene.watch.forget(at(scene.now));
        scene.hear("aaa");
        CHECK_FALSE(scene.open());
        // What the Sentinels learn meanwhile takes it back.
        scene.hear("ffa");
        CHECK(scene.open());
    }

    TEST_CASE("a silent node is not refused for what the Sentinels learn meanwhile")
    {
        Scene scene;
        auto quiet = scene.process('a');
        quiet.silent_since = at(scene.now);
        scene.pass(5'000, "fff", quiet);
        CHECK(scene.state() == State::silent);
        CHECK(scene.open());
    }

    TEST_CASE("without a majority it is held by what a majority knew last")
    {
        Scene scene;
        scene.hear("a--");
        REQUIRE(scene.state() == State::no_quorum);
        CHECK(scene.open());
        scene.say(scene.process('f'));
        CHECK(scene.state() == State::no_quorum);
        CHECK_FALSE(scene.open());
        scene.pass(20'000, "f--", scene.process('f'));
        CHECK_FALSE(scene.open());
        scene.hear("ff-");
        CHECK(scene.open());
    }

    TEST_CASE("nor does a policy that keeps the master in doubt use it")
    {
        Scene scene;
        auto keeping = subject();
        keeping.policy.odown = verdict::InDoubt::keep;
        scene.watch.set_subject(keeping);
        scene.say(scene.process('f'));
        for (std::size_t i = 0; i < 3; ++i) {
            auto down = vote("r1:1", 1, scene.now);
            down.flags.s_down = down.flags.o_down = true;
            scene.watch.cast(i, down);
        }
        scene.watch.review(at(scene.now));
        CHECK(scene.state() == State::odown);
        CHECK_FALSE(scene.open());
    }
}

TEST_SUITE("verdict/process: a process that is gone")
{
    TEST_CASE(
        "one whose host name led elsewhere before is used once a majority knows it, not sooner")
    {
        Scene scene(" ");
        auto moved = scene.process('b');
        moved.elsewhere = true;
        scene.pass(400, "   ", moved);
        CHECK_FALSE(scene.open());
        scene.pass(400, "bb ", moved);
        CHECK(scene.open());
        scene.pass(400, "ccc", moved);
        CHECK_FALSE(scene.open());
        CHECK(scene.state() == State::not_master);

        auto silent_about_itself = scene.process(' ');
        silent_about_itself.elsewhere = true;
        Scene other("   ");
        other.pass(400, "   ", silent_about_itself);
        CHECK(other.open());
    }

    TEST_CASE("a master that hung up is refused until somebody there has said who it is")
    {
        Scene scene;
        scene.say(scene.hung_up());
        CHECK(scene.state() == State::silent);
        CHECK_FALSE(scene.open());
        CHECK(scene.watch.verdict().rule == "nobody at the address has said who it is");
        scene.say(scene.process('a'));  // it had thrown us out alone
        CHECK(scene.state() == State::ok);
        CHECK(scene.open());
        scene.say(scene.hung_up());
        scene.say(scene.process('f'));
        CHECK(scene.state() == State::not_master);
        CHECK_FALSE(scene.open());
    }

    TEST_CASE("it is not known by the votes of a Sentinel that has met the next one already")
    {
        Scene scene;
        scene.say(scene.hung_up());
        scene.hear("fff");
        CHECK(scene.state() == State::silent);
        CHECK_FALSE(scene.open());
    }

    TEST_CASE("one that is merely slow stays open, and so does one that never answered")
    {
        Scene slow;
        auto quiet = slow.process('a');
        quiet.silent_since = at(slow.now);
        slow.pass(30'000, "aaa", quiet);
        CHECK(slow.state() == State::silent);
        CHECK(slow.open());

        Watch watch(subject(), 3, at(0));
        auto refusing = silent(m, 0);
        refusing.refused = true;
        watch.examine(refusing);
        for (std::size_t i = 0; i < 3; ++i)
            watch.cast(i, vote("r1:1", 1, 0));
        watch.review(at(0));
        watch.review(at(100));
        CHECK(watch.verdict().state == State::silent);
        CHECK(watch.verdict().open);
    }

    TEST_CASE("it is open again when a majority has had the time to ask whoever is there")
    {
        Scene scene;
        const auto gone = scene.hung_up();
        scene.pass(10'800, "aaa", gone);
        CHECK_FALSE(scene.open());
        scene.pass(600, "aaa", gone);
        CHECK(scene.state() == State::silent);
        CHECK(scene.open());
        // As long as they have no connection either, nobody is there.
        scene.hear("!!a");
        CHECK_FALSE(scene.open());
    }

    TEST_CASE("the agent's own stop does not make it known")
    {
        Scene scene;
        scene.say(scene.hung_up());
        scene.watch.forget(at(scene.now));
        scene.hear("aaa");
        CHECK(scene.state() == State::silent);
        CHECK_FALSE(scene.open());
    }

    TEST_CASE("nor is it held without a majority")
    {
        Scene scene;
        scene.hear("a--");
        scene.say(scene.hung_up());
        CHECK(scene.state() == State::no_quorum);
        CHECK_FALSE(scene.open());
        scene.say(scene.process('a'));
        CHECK(scene.open());
    }
}
