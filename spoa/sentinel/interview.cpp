#include "sentinel/interview.hpp"

#include "resp/command.hpp"

#include <algorithm>
#include <utility>

namespace spoa::sentinel {
namespace {

using namespace std::chrono_literals;

constexpr auto ckquorum_period = 10s;
// Every second with the default poll, which is every 500 ms and not exact.
constexpr auto replicas_period = 900ms;
constexpr auto refused_period = 60s;  // of a question that was refused
// One write holds this many questions at most, so that an urgent one never waits long behind a
// poll of a thousand names.
constexpr std::size_t names_a_write = 50;

constexpr std::size_t replies_to(const Question& question) noexcept
{
    return (question.full ? 3U : 1U) + (question.ckquorum ? 1U : 0U) +
           (question.replicas ? 1U : 0U);
}

}  // namespace

Interview::Interview(std::vector<Topic> topics, std::chrono::milliseconds poll_interval)
    : poll_interval_(poll_interval)
{
    adapt(std::move(topics));
}

void Interview::begin(std::string sentinel_id, bool in_tilt, TimePoint now)
{
    for (auto& asked : asked_)
        asked = {.topic = std::move(asked.topic), .no_replicas = std::move(asked.no_replicas)};
    id_ = std::move(sentinel_id);
    in_tilt_ = in_tilt;
    poll_at_ = 0;
    next_poll_ = now;
}

void Interview::adapt(std::vector<Topic> topics)
{
    asked_.resize(topics.size());
    for (std::size_t name = 0; name < topics.size(); ++name) {
        auto& asked = asked_[name];
        if (topics[name].name.empty())  // should it come back, nothing of before counts
            asked = {};
        if (!topics[name].replicas)
            asked.unseen.clear();
        asked.topic = std::move(topics[name]);
    }
}

void Interview::ask_quorum_now(std::size_t name)
{
    asked_[name].next_ckquorum = TimePoint();
    ask_now(name);
}

void Interview::ask_replicas_now(std::size_t name)
{
    auto& asked = asked_[name];
    if (!asked.topic.replicas || !asked.no_replicas.empty())
        return;
    asked.next_replicas = TimePoint();
    ask_now(name);
}

std::vector<std::size_t> Interview::take_due(TimePoint now)
{
    std::vector<std::size_t> due;
    for (std::size_t name = 0; name < asked_.size() && due.size() < names_a_write; ++name)
        if (std::exchange(asked_[name].urgent, false) && !asked_[name].topic.name.empty())
            due.push_back(name);
    if (!due.empty() || now < next_poll_)
        return due;

    const auto names = asked_.size();
    const auto parts = static_cast<int>((names + names_a_write - 1) / names_a_write);
    const auto step = std::chrono::nanoseconds(poll_interval_) / std::max(parts, 1);
    next_poll_ = std::max(next_poll_ + step, now);
    const auto end = std::min(names, poll_at_ + names_a_write);
    for (; poll_at_ < end; ++poll_at_)
        if (!asked_[poll_at_].topic.name.empty())
            due.push_back(poll_at_);
    if (poll_at_ == names)
        poll_at_ = 0;
    return due;
}

Question Interview::prepare(std::size_t name, TimePoint now)
{
    auto& asked = asked_[name];
    const Question question{
        name,
        !asked.last || !asked.last->address,
        now >= asked.next_ckquorum,
        asked.topic.replicas && now >= asked.next_replicas};
    if (question.ckquorum)
        asked.next_ckquorum = now + ckquorum_period;
    if (question.replicas)
        asked.next_replicas = now + replicas_period;
    return question;
}

Round Interview::next_round(TimePoint now)
{
    Round round{{}, 0, {}, now};
    for (const auto place : take_due(now)) {
        const auto& name = asked_[place].topic.name;
        const auto& question = round.questions.emplace_back(prepare(place, now));
        const auto put = [&](std::string_view command) {
            resp::put_command(round.request, {"SENTINEL", command, name});
        };
        if (question.full)
            put("GET-MASTER-ADDR-BY-NAME");
        put("MASTER");
        if (question.full)
            put("GET-MASTER-ADDR-BY-NAME");
        if (question.ckquorum)
            put("CKQUORUM");
        if (question.replicas)
            put("REPLICAS");
        round.replies += replies_to(question);
    }
    return round;
}

std::optional<Outcome> Interview::take(
    const Question& question, std::span<const resp::Value>& replies, TimePoint asked_at)
{
    const auto mine = replies.first(replies_to(question));
    replies = replies.subspan(mine.size());
    auto& asked = asked_[question.name];
    if (asked.topic.name.empty() || (!question.full && !asked.last)) {  // adapt() came between
        asked.urgent = true;
        return std::nullopt;
    }

    Outcome outcome{
        question.full ? parse_vote(mine[0], mine[1], mine[2], asked_at)
                      : repeat_vote(*asked.last, mine[0], asked_at),
        std::nullopt};
    auto rest = mine.subspan(question.full ? 3 : 1);
    if (question.ckquorum) {
        asked.no_quorum = parse_ckquorum(rest[0]).value_or(false);
        rest = rest.subspan(1);
    }
    if (question.replicas && asked.topic.replicas)
        outcome.no_replicas = take_replicas(asked, rest[0], asked_at);

    if (auto* const vote = std::get_if<Vote>(&outcome.answer)) {
        vote->sentinel_id = id_;
        vote->in_tilt = in_tilt_;
        vote->no_quorum_for_failover = asked.no_quorum;
        vote->unseen = asked.unseen;
        asked.last = *vote;
    } else {
        asked.last.reset();
        if (std::get<Refused>(outcome.answer).why == Refusal::torn)
            asked.urgent = true;  // the full question, next
    }
    return outcome;
}

// A refusal leaves the vote as it is: an ACL of before may not allow the question.
std::optional<Refused> Interview::take_replicas(
    Asked& asked, const resp::Value& reply, TimePoint now)
{
    auto answer = parse_replicas(reply);
    if (auto* const unseen = std::get_if<std::vector<UnseenReplica>>(&answer)) {
        asked.unseen = std::move(*unseen);
        asked.no_replicas.clear();
        return std::nullopt;
    }
    auto& refused = std::get<Refused>(answer);
    asked.unseen.clear();
    if (!is_permanent(refused.why))
        return std::nullopt;
    asked.next_replicas = now + refused_period;
    if (refused.text == std::exchange(asked.no_replicas, refused.text))
        return std::nullopt;
    return std::move(refused);
}

}  // namespace spoa::sentinel
