#include "verdict/judge.hpp"

#include "verdict/votes.hpp"

#include <doctest/doctest.h>

using namespace spoa;
using namespace std::chrono_literals;
using spoa::test::at;
using spoa::test::Ballots;
using spoa::test::endpoint;
using spoa::test::evidence;
using spoa::test::nil;
using spoa::test::standing;
using spoa::test::subject;
using spoa::test::vote;
using verdict::judge;
using verdict::State;

namespace {

// Judges at at(0), where the votes are fresh.
verdict::Judgement judged(const Ballots& ballots, const verdict::Standing& before = {})
{
    return judge(subject(), evidence(ballots), before, at(0));
}

}  // namespace

TEST_SUITE("verdict/judge: a majority")
{
    TEST_CASE("all Sentinels agree: ok, and the server has its name")
    {
        const auto result = judged({vote("r1:1", 3), vote("r1:1", 3), vote("r1:1", 3)});
        CHECK(result.verdict.state == State::ok);
        CHECK(result.verdict.open);
        CHECK(result.verdict.address == endpoint("r1:1"));
        CHECK(result.verdict.server == "R1");
        CHECK(result.verdict.epoch == 3);
        CHECK(result.verdict.votes == 3);
        CHECK(result.verdict.sentinels == 3);
        CHECK(result.verdict.reason.empty());
        CHECK(result.standing.high_water == 3);
    }

    TEST_CASE("two of three are a majority, whatever the third says, and that is degraded")
    {
        const std::vector<std::optional<sentinel::Vote>> thirds{
            std::nullopt, vote("r2:1", 9), nil(), vote("r1:1", 9)};
        auto heard_for_long = standing("r1:1", 3);
        heard_for_long.heard_first_at = at(-5'000);
        for (const auto& third : thirds) {
            const auto result = judged({vote("r1:1", 3), vote("r1:1", 3), third}, heard_for_long);
            CHECK(result.verdict.state == State::degraded);
            CHECK(result.verdict.open);
            CHECK(result.verdict.server == "R1");
            CHECK_FALSE(result.verdict.reason.empty());
        }
    }

    TEST_CASE("the majority is of the configured Sentinels, not of those that answer")
    {
        const auto result = judged({vote("r1:1", 3), std::nullopt, std::nullopt});
        CHECK(result.verdict.state == State::no_quorum);
        CHECK_FALSE(result.verdict.open);
        CHECK_FALSE(result.verdict.address.has_value());
    }

    TEST_CASE("of four Sentinels three are needed, of five three, of one one, of two both")
    {
        const auto one = vote("r1:1", 1);
        CHECK_FALSE(judged({one, one, std::nullopt, std::nullopt}).verdict.open);
        CHECK(judged({one, one, one, std::nullopt}).verdict.open);
        CHECK(judged({one, one, one, std::nullopt, std::nullopt}).verdict.open);
        CHECK_FALSE(judged({one, std::nullopt}).verdict.open);
        CHECK(judged({one, one}).verdict.open);
        CHECK(judged({one}).verdict.open);
        CHECK(judged({one}).verdict.state == State::degraded);
    }

    TEST_CASE("a Sentinel listed under two addresses has one vote, its latest")
    {
        auto first = vote("r1:1", 3, -10);
        auto second = vote("r2:1", 4, 0);
        first.sentinel_id = second.sentinel_id = std::string(40, 'a');
        const auto result = judged({first, second, vote("r2:1", 4)});
        CHECK(result.verdict.address == endpoint("r2:1"));
        CHECK(result.verdict.votes == 2);
        CHECK_FALSE(judged({second, second, std::nullopt}).verdict.open);
    }

    TEST_CASE("a vote counts up to vote_ttl and not a moment longer")
    {
        const Ballots ballots{vote("r1:1", 3, -1500), vote("r1:1", 3, -1500), std::nullopt};
        CHECK(judged(ballots).verdict.open);
        CHECK_FALSE(judge(subject(), evidence(ballots), {}, at(1)).verdict.open);
    }

    TEST_CASE("an address that no server has is refused, and says so")
    {
        const auto result = judged({vote("r9:1", 3), vote("r9:1", 3), vote("r9:1", 3)});
        CHECK_FALSE(result.verdict.open);
        CHECK(result.verdict.state == State::unmapped);
        CHECK(result.verdict.address == endpoint("r9:1"));
        CHECK(result.verdict.server.empty());
        CHECK(result.verdict.reason.find("r9:1") != std::string::npos);
    }

    TEST_CASE("a server that is another machine in HAProxy is named to nobody")
    {
        const Ballots ballots{vote("r1:1", 3), vote("r1:1", 3), vote("r1:1", 3)};
        const std::vector<verdict::Misplaced> misplaced{{"R1", "HAProxy has R2's address for it"}};
        auto seen = evidence(ballots);
        seen.misplaced = misplaced;
        const auto result = judge(subject(), seen, {}, at(1)).verdict;
        CHECK(result.state == State::unmapped);
        CHECK_FALSE(result.open);
        CHECK(result.server == "R1");
        CHECK(result.reason == "HAProxy has R2's address for it");
    }

    TEST_CASE("without servers any address will do")
    {
        auto anywhere = subject();
        anywhere.servers.clear();
        const Ballots ballots{vote("r9:1", 3), vote("r9:1", 3), vote("r9:1", 3)};
        const auto result = judge(anywhere, evidence(ballots), {}, at(0));
        CHECK(result.verdict.open);
        CHECK(result.verdict.state == State::ok);
        CHECK(result.verdict.server.empty());
    }
}

TEST_SUITE("verdict/judge: epochs never fall")
{
    TEST_CASE("a new address at a higher epoch is followed at once")
    {
        const auto result =
            judged({vote("r2:1", 4), vote("r2:1", 4), vote("r1:1", 3)}, standing("r1:1", 3));
        CHECK(result.verdict.address == endpoint("r2:1"));
        CHECK(result.verdict.open);
        CHECK(result.standing.high_water == 4);
    }

    TEST_CASE("one Sentinel alone cannot lift the high-water epoch")
    {
        const auto result =
            judged({vote("r1:1", 3), vote("r1:1", 3), vote("r1:1", 99)}, standing("r1:1", 3));
        CHECK(result.standing.high_water == 3);
        CHECK(result.verdict.state == State::degraded);
    }

    TEST_CASE("a torn vote for the old address at the new epoch does not hold up the switch")
    {
        // The leader's GET and MASTER, asked apart: old address, new epoch.
        const auto torn =
            judged({vote("r1:1", 4), vote("r1:1", 3), vote("r1:1", 3)}, standing("r1:1", 3));
        const auto result =
            judged({vote("r2:1", 4), vote("r2:1", 4), vote("r1:1", 4)}, torn.standing);
        CHECK(result.verdict.address == endpoint("r2:1"));
    }

    TEST_CASE("a majority at a lower epoch is not followed: regress, and traffic stays")
    {
        const Ballots old{vote("r1:1", 3), vote("r1:1", 3), vote("r1:1", 3)};
        const auto result = judged(old, standing("r2:1", 7));
        CHECK(result.verdict.state == State::regress);
        CHECK(result.verdict.address == endpoint("r2:1"));
        CHECK(result.verdict.open);
        CHECK(result.standing.high_water == 7);
    }

    TEST_CASE("a regress that stands for ten seconds and is uncontested becomes the truth")
    {
        auto before = standing("r2:1", 7);
        for (int t = 0; t < 10'000; t += 500) {
            const Ballots old{vote("r1:1", 3, t), vote("r1:1", 3, t), vote("r1:1", 3, t)};
            auto result = judge(subject(), evidence(old), before, at(t));
            REQUIRE(result.verdict.state == State::regress);
            before = result.standing;
        }
        const Ballots old{
            vote("r1:1", 3, 10'000), vote("r1:1", 3, 10'000), vote("r1:1", 3, 10'000)};
        const auto result = judge(subject(), evidence(old), before, at(10'000));
        CHECK(result.verdict.state == State::ok);
        CHECK(result.verdict.address == endpoint("r1:1"));
        CHECK(result.standing.high_water == 3);
    }

    TEST_CASE("a regress stays one while somebody claims the higher epoch elsewhere")
    {
        auto before = standing("r2:1", 7);
        for (int t = 0; t <= 60'000; t += 1000) {
            const Ballots ballots{vote("r1:1", 3, t), vote("r1:1", 3, t), vote("r2:1", 7, t)};
            auto result = judge(subject(), evidence(ballots), before, at(t));
            REQUIRE(result.verdict.state == State::regress);
            before = result.standing;
        }
    }

    TEST_CASE("a regress that is interrupted starts its ten seconds again")
    {
        auto before = standing("r2:1", 7);
        const auto look = [&](const Ballots& ballots, int t) {
            auto result = judge(subject(), evidence(ballots), before, at(t));
            before = result.standing;
            return result.verdict.state;
        };
        const auto old = [](int t) {
            return Ballots{vote("r1:1", 3, t), vote("r1:1", 3, t), std::nullopt};
        };
        CHECK(look(old(0), 0) == State::regress);
        CHECK(look({std::nullopt, std::nullopt, std::nullopt}, 5'000) == State::no_quorum);
        CHECK(look(old(6'000), 6'000) == State::regress);
        CHECK(look(old(15'900), 15'900) == State::regress);
        CHECK(look(old(16'000), 16'000) == State::degraded);
    }

    TEST_CASE("the present address at a lower epoch is taken at once: nothing moves")
    {
        const Ballots reset{vote("r1:1", 0), vote("r1:1", 0), vote("r1:1", 0)};
        const auto result = judged(reset, standing("r1:1", 7));
        CHECK(result.verdict.state == State::ok);
        CHECK(result.standing.high_water == 0);
    }

    TEST_CASE("what the new master said in the moment of the switch counts")
    {
        const Ballots ballots{vote("r2:1", 4), vote("r2:1", 4), vote("r2:1", 4)};
        auto heard = evidence(ballots);
        verdict::Probe loading;
        loading.address = endpoint("r2:1");
        loading.role = verdict::Role::master;
        loading.loading = true;
        loading.answered_at = at(0);
        heard.probes = {&loading, 1};
        const auto result = judge(subject(), heard, standing("r1:1", 3), at(0));
        CHECK(result.verdict.state == State::not_master);
        CHECK_FALSE(result.verdict.open);
    }

    TEST_CASE("the same epoch for another address is a conflict until it has stood 2.5 seconds")
    {
        auto before = standing("r1:1", 7);
        for (int t = 0; t < 2'500; t += 250) {
            const Ballots ballots{vote("r2:1", 7, t), vote("r2:1", 7, t), vote("r1:1", 7, t)};
            auto result = judge(subject(), evidence(ballots), before, at(t));
            REQUIRE(result.verdict.state == State::conflict);
            REQUIRE(result.verdict.address == endpoint("r1:1"));
            before = result.standing;
        }
        const Ballots ballots{vote("r2:1", 7, 2'500), vote("r2:1", 7, 2'500), std::nullopt};
        const auto result = judge(subject(), evidence(ballots), before, at(2'500));
        CHECK(result.verdict.address == endpoint("r2:1"));
        CHECK(result.verdict.open);
    }
}

TEST_SUITE("verdict/judge: no majority")
{
    TEST_CASE("at the start nothing is open, and the reason says so")
    {
        const auto result = judged({std::nullopt, std::nullopt, std::nullopt});
        CHECK(result.verdict.state == State::no_quorum);
        CHECK_FALSE(result.verdict.open);
        CHECK(result.verdict.reason.starts_with(
            "starting: none of 3 Sentinels answers, 2 are needed"));
    }

    TEST_CASE("hold: the last master stays open, for ever by default")
    {
        const Ballots silence(3);
        const auto first = judge(subject(), evidence(silence), standing("r1:1", 3), at(0));
        CHECK(first.verdict.state == State::no_quorum);
        CHECK(first.verdict.open);
        const auto later = judge(subject(), evidence(silence), first.standing, at(1'000'000));
        CHECK(later.verdict.open);
        CHECK(later.verdict.server == "R1");
    }

    TEST_CASE("hold for a time: then it is refused, and open again with the quorum")
    {
        auto limited = subject();
        limited.policy.no_quorum_hold = 30s;
        const Ballots silence(3);
        auto before = judge(limited, evidence(silence), standing("r1:1", 3), at(0)).standing;
        CHECK(judge(limited, evidence(silence), before, at(30'000)).verdict.open);
        const auto over = judge(limited, evidence(silence), before, at(30'001));
        CHECK_FALSE(over.verdict.open);
        CHECK(over.verdict.address == endpoint("r1:1"));

        const Ballots back{vote("r1:1", 3, 31'000), vote("r1:1", 3, 31'000), std::nullopt};
        const auto again = judge(limited, evidence(back), over.standing, at(31'000));
        CHECK(again.verdict.open);
        CHECK(judge(limited, evidence(silence), again.standing, at(40'000)).verdict.open);
    }

    TEST_CASE("a doubt that has shut the gate outlives its majority by five seconds")
    {
        const auto down = [](int when) {
            auto made = vote("r1:1", 3, when);
            made.flags.s_down = true;
            return made;
        };
        const auto doubted =
            judge(subject(), evidence({down(0), down(0), down(0)}), standing("r1:1", 3), at(0));
        REQUIRE(doubted.verdict.state == State::odown);
        REQUIRE_FALSE(doubted.verdict.open);

        // The leader names the next master, and another Sentinel waits for its disk.
        const Ballots apart{vote("r2:1", 4, 9'000), down(9'000), std::nullopt};
        const auto lost = judge(subject(), evidence(apart), doubted.standing, at(9'000));
        CHECK(lost.verdict.state == State::odown);
        CHECK_FALSE(lost.verdict.open);
        CHECK(lost.verdict.reason.starts_with("only 2 of 3 Sentinels answer"));
        REQUIRE(lost.look_again == at(14'000));

        const Ballots silence(3);
        CHECK_FALSE(judge(subject(), evidence(silence), lost.standing, at(13'999)).verdict.open);
        const auto over = judge(subject(), evidence(silence), lost.standing, at(14'000));
        CHECK(over.verdict.open);  // as the policy says
        CHECK(over.verdict.address == endpoint("r1:1"));

        const Ballots next{vote("r2:1", 4, 9'100), down(9'100), vote("r2:1", 4, 9'100)};
        const auto followed = judge(subject(), evidence(next), lost.standing, at(9'100));
        CHECK(followed.verdict.open);
        CHECK(followed.verdict.address == endpoint("r2:1"));
        const auto later = judge(subject(), evidence(silence), followed.standing, at(20'000));
        CHECK(later.verdict.open);
    }

    TEST_CASE("nor does one in which all are heard and disagree open it sooner")
    {
        auto before = standing("r1:1", 3);
        before.shut = verdict::Shut{State::switching, std::nullopt};
        const Ballots apart{vote("r1:1", 3), vote("r2:1", 4), vote("r3:1", 4)};
        const auto result = judge(subject(), evidence(apart), before, at(0));
        CHECK(result.verdict.state == State::switching);
        CHECK_FALSE(result.verdict.open);
    }

    TEST_CASE("refuse: no server while there is no quorum")
    {
        auto strict = subject();
        strict.policy.no_quorum = verdict::NoQuorum::refuse;
        CHECK_FALSE(judge(strict, evidence(Ballots(3)), standing("r1:1", 3), at(0)).verdict.open);
    }

    TEST_CASE("a minority never moves the master, whatever epoch it claims")
    {
        const auto result =
            judged({vote("r2:1", 1'000'000'000), std::nullopt, std::nullopt}, standing("r1:1", 3));
        CHECK(result.verdict.address == endpoint("r1:1"));
        CHECK(result.standing.high_water == 3);
    }

    TEST_CASE(
        "who starts in mid-failover sees that a leader has promoted another, for five seconds")
    {
        // The leader's events went out before anybody listened, and the others have no hello yet.
        const auto told = judged({vote("r2:1", 4), vote("r1:1", 3), vote("r1:1", 3)});
        CHECK(told.verdict.state == State::switching);
        CHECK_FALSE(told.verdict.open);
        CHECK(told.verdict.address == endpoint("r1:1"));
        REQUIRE(told.look_again == at(5'000));

        const auto judged_at = [&](int when, std::string_view first, std::uint64_t epoch) {
            const Ballots ballots{
                vote(first, epoch, when), vote("r1:1", 3, when), vote("r1:1", 3, when)};
            return judge(subject(), evidence(ballots), told.standing, at(when)).verdict;
        };
        CHECK(judged_at(4'999, "r2:1", 4).state == State::switching);
        CHECK(judged_at(5'000, "r2:1", 4).state == State::degraded);
        CHECK(judged_at(100, "r1:1", 3).state == State::ok);
        CHECK(judged_at(100, "r2:1", 3).state == State::degraded);  // no newer than the majority

        const Ballots torn{vote("r2:1", 4), vote("r1:1", 4), vote("r1:1", 3)};
        CHECK(judge(subject(), evidence(torn), {}, at(0)).verdict.state == State::degraded);

        auto policy_keep = subject();
        policy_keep.policy.switching = verdict::InDoubt::keep;
        const Ballots ballots{vote("r2:1", 4), vote("r1:1", 3), vote("r1:1", 3)};
        CHECK(judge(policy_keep, evidence(ballots), {}, at(0)).verdict.open);
    }

    TEST_CASE("three Sentinels with three opinions are a conflict, and the last master stays")
    {
        const auto result =
            judged({vote("r1:1", 3), vote("r2:1", 3), vote("r3:1", 3)}, standing("r1:1", 3));
        CHECK(result.verdict.state == State::conflict);
        CHECK(result.verdict.open);
        CHECK(result.verdict.address == endpoint("r1:1"));
        CHECK_FALSE(judged({vote("r1:1", 3), vote("r2:1", 3), vote("r3:1", 3)}).verdict.open);
    }

    TEST_CASE("one nil is not an unknown name, two of three are")
    {
        CHECK(judged({nil(), vote("r1:1", 3), vote("r1:1", 3)}).verdict.state == State::degraded);
        const auto result = judged({nil(), nil(), vote("r1:1", 3)}, standing("r1:1", 3));
        CHECK(result.verdict.state == State::unknown_name);
        CHECK(result.verdict.reason.ends_with("do not monitor the name 'mymaster'"));
        CHECK_FALSE(result.verdict.open);
        CHECK_FALSE(result.verdict.address.has_value());
    }

    TEST_CASE("who does not know the name is told with the names that it knows")
    {
        auto other = nil();
        other.monitored = {"myMaster"};
        const Ballots ballots{other, other, other};
        const auto result = judge(subject(), evidence(ballots), {}, at(0));
        CHECK(
            result.verdict.reason ==
            "3 of 3 Sentinels do not monitor the name 'mymaster'; they monitor 'myMaster'");
    }

    TEST_CASE("one Sentinel that is listed twice is called so, and not missing")
    {
        auto named = subject();
        named.sentinels = {"localhost:26379", "10.0.0.2:26379", "127.0.0.1:26379"};
        auto same = vote("r1:1", 7);
        same.sentinel_id = "a";
        auto other = same;
        other.sentinel_id = "b";
        const Ballots ballots{same, other, same};
        const auto result = judge(named, evidence(ballots), {}, at(0));
        CHECK(result.verdict.state == State::degraded);
        CHECK(
            result.verdict.reason ==
            "localhost:26379 and 127.0.0.1:26379 are the same Sentinel, and its vote counts once");

        const Ballots all_same{same, same, same};
        CHECK(
            judge(named, evidence(all_same), {}, at(0)).verdict.reason ==
            "starting: only 1 of 3 Sentinels answers, 2 are needed; localhost:26379 and "
            "10.0.0.2:26379 are the same Sentinel, localhost:26379 and 127.0.0.1:26379 are the same "
            "Sentinel");

        const Ballots one_missing{same, std::nullopt, same};
        CHECK(
            judge(named, evidence(one_missing), {}, at(0)).verdict.reason ==
            "starting: only 1 of 3 Sentinels answers, 2 are needed; localhost:26379 and "
            "127.0.0.1:26379 are the same Sentinel");
    }
}
