#include "sentinel/interview.hpp"

#include "resp/reader.hpp"
#include "sentinel/replies.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace spoa;
using namespace spoa::sentinel;
using namespace std::chrono_literals;
using spoa::test::address_reply;
using spoa::test::array;
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
        interview.begin(std::string(40, 'a'), false, now);
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
        Interview interview({{"plain"}, {"reads", true}}, 500ms);
        interview.begin("", false, start);
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
        Talk talk({{"mymaster", true}});
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
        Talk talk({{"mymaster", true}});
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
        Talk talk({{"mymaster", true}});
        CHECK(talk.vote(replicas("slave,s_down")).unseen.size() == 1);
        talk.interview.ask_replicas_now(0);
        const auto outcome = talk.ask(error("ERR busy"));
        CHECK(std::get<Vote>(outcome->answer).unseen.empty());
        CHECK_FALSE(outcome->no_replicas.has_value());
    }

    TEST_CASE("a refusal is told once, and the question is asked again a minute later")
    {
        Talk talk({{"mymaster", true}});
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
        Talk talk({{"mymaster", true}});
        talk.vote(replicas("slave,s_down"));
        talk.interview.begin("", false, talk.now);
        CHECK(talk.vote(error("ERR busy")).unseen.empty());

        talk.now += 1s;
        CHECK(talk.vote(replicas("slave,s_down")).unseen.size() == 1);
        talk.interview.adapt({{"mymaster", false}});
        talk.now += 1s;
        CHECK(talk.vote().unseen.empty());
    }

    TEST_CASE("replies to a question about a name that is gone meanwhile are skipped")
    {
        Interview interview({{"mymaster", true}}, 500ms);
        interview.begin("", false, start);
        const auto round = interview.next_round(start);
        interview.adapt({{""}});
        const std::vector<resp::Value> replies{
            address, master, address, status("OK"), array({}), status("next")};
        std::span<const resp::Value> rest(replies);
        CHECK_FALSE(interview.take(round.questions.front(), rest, start).has_value());
        CHECK(rest.size() == 1);
    }
}
