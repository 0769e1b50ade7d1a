// The mistakes that an agent beside Sentinels can make, each one seen with real ones, and that
// this rule does not make them.
#include "sentinel/event_parser.hpp"
#include "sentinel/replies.hpp"
#include "sentinel/reply_parser.hpp"
#include "verdict/votes.hpp"
#include "verdict/watch.hpp"

#include <doctest/doctest.h>

#include <string>
#include <variant>
#include <vector>

using namespace spoa;
using namespace std::chrono_literals;
using spoa::test::at;
using spoa::test::Ballots;
using spoa::test::endpoint;
using spoa::test::subject;
using spoa::test::vote;
using verdict::Probe;
using verdict::Role;
using verdict::State;
using verdict::Verdict;
using verdict::Watch;

namespace {

sentinel::Vote parsed(
    const resp::Value& first, const resp::Value& master, const resp::Value& second, int when = 0)
{
    return std::get<sentinel::Vote>(sentinel::parse_vote(first, master, second, at(when)));
}

resp::Value get(const std::string& host)
{
    return test::address_reply(host, "1");
}

resp::Value master(
    const std::string& host, const std::string& epoch, const std::string& flags = "master")
{
    return test::master_reply(host, "1", epoch, flags);
}

Probe says(const char* address, Role role, int when)
{
    Probe made;
    made.address = endpoint(address);
    made.role = role;
    made.answered_at = at(when);
    return made;
}

// A name under watch by three Sentinels, which answer when the test says so.
struct Lab {
    Watch watch{subject(), 3, at(0)};
    int now = 0;

    const Verdict& answer(const Ballots& ballots, int when)
    {
        now = when;
        for (std::size_t i = 0; i < ballots.size(); ++i) {
            if (!ballots[i])
                continue;
            auto each = *ballots[i];
            each.answered_at = at(when);
            watch.cast(i, each);
        }
        watch.review(at(when));
        return watch.verdict();
    }
    const Verdict& all(const char* address, std::uint64_t epoch, int when)
    {
        return answer({vote(address, epoch), vote(address, epoch), vote(address, epoch)}, when);
    }
    const Verdict& hear(std::size_t sentinel, const char* channel, const char* payload, int when)
    {
        const auto event = sentinel::parse_event(channel, payload);
        REQUIRE(event.has_value());
        watch.hear(sentinel, *event, at(when));
        watch.review(at(when));
        return watch.verdict();
    }
    const Verdict& probe(const Probe& probe, int when)
    {
        watch.examine(probe);
        watch.review(at(when));
        return watch.verdict();
    }
};

constexpr auto promotes_r2 = "slave r2:1 r2 1 @ mymaster r1 1";

}  // namespace

TEST_SUITE("verdict: pitfalls")
{
    TEST_CASE(
        "1: MASTER on the leader names the old master at the new epoch; the vote is the new one")
    {
        const auto leader = parsed(
            get("r2"), master("r1", "7", "master,s_down,o_down,failover_in_progress"), get("r2"));
        CHECK(leader.address == endpoint("r2:1"));
        CHECK(leader.config_epoch == 7);
    }

    TEST_CASE(
        "2: +switch-master to a name that the observer cannot resolve changes nothing but its epoch")
    {
        Lab lab;
        lab.all("r1:1", 6, 0);
        lab.hear(0, "+switch-master", "mymaster r1 1 unresolvable.example 1", 10);
        const auto& verdict = lab.answer({vote("r1:1", 7), vote("r1:1", 6), vote("r1:1", 6)}, 20);
        CHECK(verdict.address == endpoint("r1:1"));
        CHECK(verdict.epoch == 6);
        CHECK(verdict.open);
    }

    TEST_CASE(
        "3: the verdict does not wait for the leader, whose +switch-master is the last or never comes")
    {
        Lab lab;
        lab.all("r1:1", 6, 0);
        const auto& verdict = lab.answer({std::nullopt, vote("r2:1", 7), vote("r2:1", 7)}, 100);
        CHECK(verdict.address == endpoint("r2:1"));
        CHECK(verdict.open);
    }

    TEST_CASE("4: one Sentinel that does not know the name does not make it unknown")
    {
        Lab lab;
        lab.all("r1:1", 6, 0);
        const auto& verdict = lab.answer({test::nil(0), vote("r1:1", 6), vote("r1:1", 6)}, 100);
        CHECK(verdict.state == State::degraded);
        CHECK(verdict.open);
    }

    TEST_CASE("5: one Sentinel restarted with an old file moves nothing")
    {
        Lab lab;
        lab.all("r2:1", 7, 0);
        const auto& verdict = lab.answer({vote("r1:1", 3), vote("r2:1", 7), vote("r2:1", 7)}, 100);
        CHECK(verdict.address == endpoint("r2:1"));
        CHECK(verdict.epoch == 7);
        CHECK(verdict.open);
    }

    TEST_CASE(
        "6: RESET on the leader, one answer for the new node, then the old one at its epoch: no switch")
    {
        Lab lab;
        lab.all("r1:1", 6, 0);
        CHECK(
            lab.answer({vote("r2:1", 7), std::nullopt, std::nullopt}, 100).address ==
            endpoint("r1:1"));
        CHECK(lab.answer({vote("r1:1", 7), std::nullopt, std::nullopt}, 101).epoch == 6);
        const auto& verdict = lab.answer({std::nullopt, vote("r1:1", 7), std::nullopt}, 200);
        CHECK(verdict.address == endpoint("r1:1"));
        CHECK(verdict.epoch == 7);
        CHECK(verdict.open);
    }

    TEST_CASE(
        "7: two against one at the same epoch, and the node of the two is a replica: not followed")
    {
        Lab lab;
        lab.probe(says("r2:1", Role::replica, 0), 0);
        lab.all("r1:1", 7, 0);
        for (int t = 100; t <= 20'000; t += 500) {
            lab.probe(says("r2:1", Role::replica, t), t);
            const auto& verdict =
                lab.answer({vote("r2:1", 7), vote("r2:1", 7), vote("r1:1", 7)}, t);
            REQUIRE(verdict.state == State::conflict);
            REQUIRE(verdict.address == endpoint("r1:1"));
        }
        // An agent that starts now has nothing to keep, and does not open a replica either.
        Lab fresh;
        fresh.answer({vote("r2:1", 7), vote("r2:1", 7), vote("r1:1", 7)}, 0);
        const auto& verdict = fresh.probe(says("r2:1", Role::replica, 1), 1);
        CHECK(verdict.state == State::not_master);
        CHECK_FALSE(verdict.open);
    }

    TEST_CASE("8: REMOVE and MONITOR everywhere: the same address at once, another after the hold")
    {
        Lab same;
        same.all("r1:1", 7, 0);
        CHECK(same.all("r1:1", 0, 100).state == State::ok);
        CHECK(same.watch.verdict().epoch == 0);

        Lab other;
        other.all("r1:1", 7, 0);
        for (int t = 100; t < 10'100; t += 500)
            REQUIRE(other.all("r2:1", 0, t).state == State::regress);
        CHECK(other.all("r2:1", 0, 10'100).address == endpoint("r2:1"));
        CHECK(other.watch.verdict().state == State::ok);
    }

    TEST_CASE(
        "9: the leader dies after the promotion: two nodes are master, and no route until a majority")
    {
        Lab lab;
        auto down = vote("r1:1", 6);
        down.flags.s_down = down.flags.o_down = true;
        lab.all("r1:1", 6, 0);
        lab.answer({down, down, down}, 100);
        lab.hear(0, "+failover-state-wait-promotion", promotes_r2, 200);
        lab.watch.lose(0);
        for (int t = 500; t < 9'000; t += 500) {
            lab.probe(says("r2:1", Role::master, t), t);
            const auto& verdict = lab.answer({std::nullopt, down, down}, t);
            REQUIRE(verdict.state == State::odown);
            REQUIRE_FALSE(verdict.open);
            REQUIRE(verdict.address == endpoint("r1:1"));
        }
        lab.probe(says("r3:1", Role::master, 9'000), 9'000);
        const auto& verdict = lab.answer({std::nullopt, vote("r3:1", 8), vote("r3:1", 8)}, 9'000);
        CHECK(verdict.address == endpoint("r3:1"));
        CHECK(verdict.open);
    }

    TEST_CASE("10: a stopped Sentinel's vote expires; in TILT its address counts, its flags do not")
    {
        Lab lab;
        lab.all("r1:1", 6, 0);
        lab.answer({std::nullopt, vote("r1:1", 6), vote("r1:1", 6)}, 1'501);
        CHECK(lab.watch.verdict().votes == 2);
        auto tilted = vote("r2:1", 7);
        tilted.in_tilt = true;
        tilted.flags.o_down = tilted.flags.s_down = true;
        const auto& verdict = lab.answer({tilted, vote("r2:1", 7), std::nullopt}, 2'000);
        CHECK(verdict.address == endpoint("r2:1"));
        CHECK(verdict.open);
    }

    TEST_CASE("11: an agent that was stopped drops all votes, and opens when it has asked again")
    {
        Lab lab;
        lab.all("r1:1", 6, 0);
        lab.watch.forget(at(5'000));
        lab.watch.review(at(5'000));
        CHECK(lab.watch.verdict().state == State::stale);
        CHECK_FALSE(lab.watch.verdict().open);
        lab.answer({vote("r1:1", 6), std::nullopt, std::nullopt}, 5'002);
        CHECK_FALSE(lab.watch.verdict().open);
        lab.answer({std::nullopt, vote("r1:1", 6), std::nullopt}, 5'003);
        CHECK(lab.watch.verdict().open);
    }

    TEST_CASE("11: what stood before a stop does not count as having stood through it")
    {
        Lab lab;
        lab.all("r1:1", 7, 0);
        CHECK(lab.all("r2:1", 0, 100).state == State::regress);
        lab.watch.forget(at(12'000));
        lab.watch.review(at(12'000));
        CHECK(lab.all("r2:1", 0, 12'010).state == State::regress);
        CHECK(lab.watch.verdict().address == endpoint("r1:1"));
    }

    TEST_CASE("12: a planned failover closes the old master at once and buries it after the switch")
    {
        Lab lab;
        lab.all("r1:1", 6, 0);
        const auto& fenced = lab.hear(0, "+failover-state-send-slaveof-noone", promotes_r2, 50);
        CHECK(fenced.state == State::switching);
        CHECK_FALSE(fenced.open);
        lab.all("r2:1", 7, 1'000);
        CHECK(lab.watch.verdict().open);
        REQUIRE(lab.watch.standing().tombstones.size() == 1);
        CHECK(lab.watch.standing().tombstones[0].address == endpoint("r1:1"));
        for (int t = 1'500; t <= 40'000; t += 500) {
            lab.probe(says("r1:1", t < 12'000 ? Role::master : Role::replica, t), t);
            lab.all("r2:1", 7, t);
            REQUIRE(lab.watch.standing().tombstones.empty() == (t >= 31'000));
        }
    }

    TEST_CASE(
        "13: after a healed partition the old master says master for ten seconds: nothing moves")
    {
        Lab lab;
        lab.all("r1:1", 6, 0);
        lab.all("r2:1", 7, 1'000);
        for (int t = 1'500; t < 12'000; t += 500) {
            lab.probe(says("r1:1", Role::master, t), t);
            lab.probe(says("r2:1", Role::master, t), t);
            const auto& verdict =
                lab.answer({vote("r1:1", 6), vote("r2:1", 7), vote("r2:1", 7)}, t);
            REQUIRE(verdict.address == endpoint("r2:1"));
            REQUIRE(verdict.open);
        }
    }

    TEST_CASE("14: `disconnected` follows every switch and is no fault")
    {
        Lab lab;
        auto each = parsed(get("r2"), master("r2", "7", "master,disconnected"), get("r2"));
        CHECK(each.flags.disconnected);
        CHECK(lab.answer({each, each, each}, 0).state == State::ok);
    }

    TEST_CASE(
        "15: +sdown of replicas and Sentinels shares the channel with masters and asks for no vote")
    {
        const auto hint = [](const char* payload) {
            return sentinel::parse_event("+sdown", payload)->hint;
        };
        CHECK(hint("master mymaster r1 1") == sentinel::Hint::ask_sender);
        CHECK(hint("slave r2:1 r2 1 @ mymaster r1 1") == sentinel::Hint::ask_replicas);
        CHECK(
            hint("sentinel 0123456789abcdef0123456789abcdef01234567 s1 1 @ mymaster r1 1") ==
            sentinel::Hint::ask_quorum);
    }

    TEST_CASE("16: +new-epoch and +vote-for-leader have no name and belong to none")
    {
        CHECK_FALSE(sentinel::parse_event("+new-epoch", "7").has_value());
        CHECK_FALSE(sentinel::parse_event("+vote-for-leader", "aa 7").has_value());
    }

    TEST_CASE("17: one Sentinel listed under two addresses counts once")
    {
        Lab lab;
        auto twin = vote("r1:1", 6);
        twin.sentinel_id = std::string(40, 'a');
        const auto& verdict = lab.answer({twin, twin, std::nullopt}, 0);
        CHECK(verdict.state == State::no_quorum);
        CHECK_FALSE(verdict.open);
        auto other = vote("r1:1", 6);
        other.sentinel_id = std::string(40, 'b');
        CHECK(lab.answer({std::nullopt, std::nullopt, other}, 10).state == State::degraded);
    }

    TEST_CASE("18: two names that fail over together have independent verdicts")
    {
        Lab one;
        Lab two;
        one.all("r1:1", 6, 0);
        two.all("r3:1", 5, 0);
        one.all("r2:1", 7, 100);
        CHECK(one.watch.verdict().address == endpoint("r2:1"));
        CHECK(two.watch.verdict().address == endpoint("r3:1"));
        CHECK(two.watch.verdict().epoch == 5);
        two.all("r1:1", 8, 110);
        CHECK(one.watch.verdict().epoch == 7);
        CHECK(two.watch.verdict().address == endpoint("r1:1"));
    }

    TEST_CASE(
        "19: Sentinels that know more of their kind than are configured do not change the majority")
    {
        Lab lab;
        auto crowded = vote("r1:1", 6);
        crowded.known_sentinels = 7;
        const auto& verdict = lab.answer({crowded, crowded, std::nullopt}, 0);
        CHECK(verdict.state == State::degraded);
        CHECK(verdict.sentinels == 3);
        CHECK(verdict.open);
    }

    TEST_CASE("20: answers read apart, the old address with the new epoch, lift nothing")
    {
        const auto torn = sentinel::parse_vote(get("r1"), master("r1", "7"), get("r2"), at(0));
        REQUIRE(std::holds_alternative<sentinel::Refused>(torn));
        CHECK(std::get<sentinel::Refused>(torn).why == sentinel::Refusal::torn);
        Lab lab;
        lab.all("r1:1", 6, 0);
        CHECK(lab.answer({vote("r1:1", 7), std::nullopt, std::nullopt}, 100).epoch == 6);
        const auto& verdict = lab.answer({std::nullopt, vote("r2:1", 7), vote("r2:1", 7)}, 170);
        CHECK(verdict.address == endpoint("r2:1"));
        CHECK(verdict.open);
    }

    TEST_CASE("21: the leader's flags are those of the old master, and do not close the new one")
    {
        Lab lab;
        lab.all("r1:1", 6, 0);
        const auto flags = "s_down,o_down,master,disconnected,failover_in_progress";
        const auto leader = parsed(get("r2"), master("r1", "7", flags), get("r2"));
        CHECK(leader.flags == sentinel::Flags());
        const auto& verdict = lab.answer({leader, vote("r2:1", 7), vote("r2:1", 7)}, 100);
        CHECK(verdict.state == State::ok);
        CHECK(verdict.open);
    }

    TEST_CASE("22: Sentinel's own quorum is not the majority")
    {
        Lab lab;
        lab.all("r1:1", 6, 0);
        auto alone = vote("r1:1", 6);
        alone.flags.s_down = alone.flags.o_down = true;
        CHECK(lab.answer({alone, std::nullopt, std::nullopt}, 100).open);
        CHECK(
            lab.answer({vote("r2:1", 7), std::nullopt, std::nullopt}, 200).address ==
            endpoint("r1:1"));
    }
}
