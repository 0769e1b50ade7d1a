#include "sentinel/interview.hpp"

#include "resp/reader.hpp"
#include "sentinel/replies.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

using namespace spoa;
using namespace spoa::sentinel;
using namespace std::chrono_literals;
using spoa::test::address_reply;
using spoa::test::array;
using spoa::test::bulk;
using spoa::test::error;
using spoa::test::fields_reply;
using spoa::test::master_reply;
using spoa::test::status;

namespace {

constexpr TimePoint start = TimePoint(1h);
const auto address = address_reply("10.0.0.1", "6379");
const auto master = master_reply("10.0.0.1", "6379", "7");
const UnseenReplica down{{"10.0.0.2", 6379}, true};

resp::Value replicas(const std::string& flags)
{
    return array({fields_reply({{"ip", "10.0.0.2"}, {"port", "6379"}, {"flags", flags}})});
}

resp::Value info(const std::string& names)
{
    return bulk("# Sentinel\r\nsentinel_masters:2\r\n" + names);
}

// The commands of a round, their words joined.
std::vector<std::string> commands(const Round& round)
{
    resp::Reader reader;
    reader.feed(round.request);
    std::vector<std::string> all;
    while (auto value = reader.next().value()) {
        auto& command = all.emplace_back();
        for (const auto& word : *value->array())
            command += (command.empty() ? "" : " ") + *word.text();
    }
    return all;
}

struct Talk {
    Interview interview;
    TimePoint now = start;

    explicit Talk(std::vector<Topic> topics) : interview(std::move(topics), 500ms)
    {
        interview.begin(std::string(40, 'a'), {}, now);
    }

    // Asks what is due now about the only name, and answers.
    std::optional<Outcome> ask(const resp::Value& of_replicas, std::string* asked = nullptr)
    {
        const auto round = interview.next_round(now);
        REQUIRE(round.questions.size() == 1);
        const auto question = round.questions.front();
        std::vector<resp::Value> replies{master};
        if (question.full)
            replies = {address, master, address};
        if (question.ckquorum)
            replies.push_back(status("OK 3 usable Sentinels."));
        if (question.replicas)
            replies.push_back(of_replicas);
        REQUIRE(round.replies == replies.size());
        if (asked)
            *asked = commands(round).back();
        std::span<const resp::Value> rest(replies);
        auto outcome = interview.take(question, rest, round.asked_at);
        CHECK(rest.empty());
        return outcome;
    }
    Vote vote(const resp::Value& of_replicas = array({}), std::string* asked = nullptr)
    {
        return std::get<Vote>(ask(of_replicas, asked)->answer);
    }
};

}  // namespace

TEST_SUITE("sentinel/interview")
{
    TEST_CASE("the first question is asked in full, with what is asked seldom")
    {
        Interview interview({{"plain"}, {"reads", Replicas::often}}, 500ms);
        interview.begin("", {}, start);
        const auto round = interview.next_round(start);
        CHECK(
            commands(round) == std::vector<std::string>{
                                   "SENTINEL GET-MASTER-ADDR-BY-NAME plain",
                                   "SENTINEL MASTER plain",
                                   "SENTINEL GET-MASTER-ADDR-BY-NAME plain",
                                   "SENTINEL CKQUORUM plain",
                                   "SENTINEL GET-MASTER-ADDR-BY-NAME reads",
                                   "SENTINEL MASTER reads",
                                   "SENTINEL GET-MASTER-ADDR-BY-NAME reads",
                                   "SENTINEL CKQUORUM reads",
                                   "SENTINEL REPLICAS reads"});
        CHECK(round.replies == 9);
        CHECK(interview.next_round(start).questions.empty());
        CHECK(interview.next_poll() == start + 500ms);
    }

    TEST_CASE("replicas are asked about every other poll, and what was said counts in between")
    {
        Talk talk({{"mymaster", Replicas::often}});
        CHECK(talk.vote(replicas("slave,s_down")).unseen == std::vector{down});
        std::string asked;
        talk.now += 500ms;
        CHECK(talk.vote(array({}), &asked).unseen == std::vector{down});
        CHECK(asked == "SENTINEL MASTER mymaster");
        talk.now += 500ms;
        CHECK(talk.vote(array({}), &asked).unseen.empty());
        CHECK(asked == "SENTINEL REPLICAS mymaster");
    }

    TEST_CASE("ask_replicas_now does not wait for a poll, where reads are offered")
    {
        Talk talk({{"mymaster", Replicas::often}});
        talk.vote();
        talk.interview.ask_replicas_now(0);
        CHECK(talk.vote(replicas("slave,s_down,disconnected")).unseen == std::vector{down});

        Talk plain({{"mymaster"}});
        plain.vote();
        plain.interview.ask_replicas_now(0);
        CHECK(plain.interview.next_round(plain.now).questions.empty());
    }

    TEST_CASE("a reply that cannot be read says nothing of replicas, and the vote counts")
    {
        Talk talk({{"mymaster", Replicas::often}});
        CHECK(talk.vote(replicas("slave,s_down")).unseen.size() == 1);
        talk.interview.ask_replicas_now(0);
        const auto outcome = talk.ask(error("ERR busy"));
        CHECK(std::get<Vote>(outcome->answer).unseen.empty());
        CHECK_FALSE(outcome->no_replicas.has_value());
    }

    TEST_CASE("a refusal is told once, and the question is asked again a minute later")
    {
        Talk talk({{"mymaster", Replicas::often}});
        const auto refusal = error("NOPERM this user may not");
        CHECK(talk.ask(refusal)->no_replicas->text == "NOPERM this user may not");
        std::string asked;
        talk.now += 59s;
        talk.interview.ask_replicas_now(0);
        talk.ask(refusal, &asked);
        CHECK(asked != "SENTINEL REPLICAS mymaster");
        talk.now += 1s;
        CHECK_FALSE(talk.ask(refusal, &asked)->no_replicas.has_value());
        CHECK(asked == "SENTINEL REPLICAS mymaster");
        talk.now += 60s;
        CHECK(talk.vote(replicas("slave,s_down")).unseen == std::vector{down});
        talk.now += 1s;
        CHECK(talk.ask(refusal)->no_replicas.has_value());
    }

    TEST_CASE("a new conversation and other names forget what was said")
    {
        Talk talk({{"mymaster", Replicas::often}});
        talk.vote(replicas("slave,s_down"));
        talk.interview.begin("", {}, talk.now);
        CHECK(talk.vote(error("ERR busy")).unseen.empty());

        talk.now += 1s;
        CHECK(talk.vote(replicas("slave,s_down")).unseen.size() == 1);
        talk.interview.adapt({{"mymaster"}});
        talk.now += 1s;
        CHECK(talk.vote().unseen.empty());
    }

    TEST_CASE("where no reads are offered it asks which replicas there are now and then")
    {
        Talk talk({{"mymaster", Replicas::seldom}});
        const auto vote = talk.vote(replicas("slave,s_down"));
        CHECK(vote.promotable == std::vector{down.address});
        CHECK(vote.unseen.empty());
        std::string asked;
        for (talk.now += 500ms; talk.now < start + 10s; talk.now += 500ms) {
            CHECK(talk.vote({}, &asked).promotable.size() == 1);
            CHECK(asked != "SENTINEL REPLICAS mymaster");
        }
        CHECK(talk.vote(array({}), &asked).promotable.empty());
        CHECK(asked == "SENTINEL REPLICAS mymaster");
    }

    TEST_CASE("of a thousand names the replicas are not asked about all at once")
    {
        Interview interview(
            std::vector<Topic>(1000, {"name", Replicas::seldom}), std::chrono::milliseconds(500));
        interview.begin("", {}, start);
        std::vector<std::size_t> asked_in(10);
        for (auto now = start; now < start + 10s; now += 5ms) {
            const auto round = interview.next_round(now);
            asked_in[static_cast<std::size_t>((now - start) / 1s)] += static_cast<std::size_t>(
                std::ranges::count(round.questions, true, &Question::replicas));
        }
        CHECK(std::ranges::max(asked_in) <= 150);
        CHECK(std::accumulate(asked_in.begin(), asked_in.end(), std::size_t{0}) >= 900);
    }

    TEST_CASE("a refusal of what is asked seldom is one for all names")
    {
        Interview interview(
            {{"a", Replicas::seldom}, {"b", Replicas::seldom}}, std::chrono::milliseconds(500));
        interview.begin("", {}, start);
        const auto ask = [&](TimePoint now) {
            std::size_t asked = 0;
            std::size_t told = 0;
            const auto round = interview.next_round(now);
            for (const auto& question : round.questions) {
                std::vector<resp::Value> replies{master};
                if (question.full)
                    replies = {address, master, address};
                if (question.ckquorum)
                    replies.push_back(status("OK"));
                if (question.replicas)
                    replies.push_back(error("NOPERM this user may not"));
                asked += question.replicas ? 1U : 0U;
                std::span<const resp::Value> rest(replies);
                told += interview.take(question, rest, now)->no_replicas ? 1U : 0U;
            }
            return std::pair(asked, told);
        };
        CHECK(ask(start) == std::pair<std::size_t, std::size_t>(1, 1));
        std::size_t asked = 0;
        for (auto now = start + 500ms; now < start + 60s; now += 500ms)
            asked += ask(now).first;
        CHECK(asked == 0);
        CHECK(ask(start + 60s) == std::pair<std::size_t, std::size_t>(2, 0));
    }

    TEST_CASE("where a name is unknown the vote has the names that are known instead")
    {
        Interview interview({{"mymaster"}}, 500ms);
        interview.begin("", info("master0:name=myMaster,status=ok,address=1.1.1.1:1\r\n"), start);
        const auto nil = resp::Value{};
        const auto no_such = error("ERR No such master with that name");
        const auto ask = [&](TimePoint now, const resp::Value& names, bool* asked = nullptr) {
            const auto round = interview.next_round(now);
            std::vector<resp::Value> replies{nil, no_such, nil};
            if (round.questions.front().ckquorum)
                replies.push_back(no_such);
            CHECK(round.replies == replies.size() + (round.info ? 1 : 0));
            CHECK((commands(round).back() == "INFO sentinel") == round.info);
            if (asked)
                *asked = round.info;
            if (round.info)
                interview.take_info(names);
            std::span<const resp::Value> rest(replies);
            return std::get<Vote>(interview.take(round.questions.front(), rest, now)->answer);
        };
        CHECK(ask(start, {}).monitored == std::vector<std::string>{"myMaster"});

        bool asked = false;
        for (auto now = start + 500ms; now < start + 10s; now += 500ms) {
            ask(now, {}, &asked);
            CHECK_FALSE(asked);
        }
        CHECK(
            ask(start + 10s, info("master0:name=other,status=ok\r\n"), &asked).monitored ==
            std::vector<std::string>{"other"});
        CHECK(asked);
    }

    TEST_CASE("replies to a question about a name that is gone meanwhile are skipped")
    {
        Interview interview({{"mymaster", Replicas::often}}, 500ms);
        interview.begin("", {}, start);
        const auto round = interview.next_round(start);
        interview.adapt({{""}});
        const std::vector<resp::Value> replies{
            address, master, address, status("OK"), array({}), status("next")};
        std::span<const resp::Value> rest(replies);
        CHECK_FALSE(interview.take(round.questions.front(), rest, start).has_value());
        CHECK(rest.size() == 1);
    }
}
