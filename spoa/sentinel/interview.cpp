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
constexpr auto seldom_replicas_period = 10s;
constexpr auto info_period = 10s;     // while a name is unknown
constexpr auto refused_period = 60s;  // of a question that was refused
// One write holds this many questions at most, so that an urgent one never waits long behind a
// poll of a thousand names.
constexpr std::size_t names_a_write = 50;

// When in the period of what is asked seldom the turn of the name at `place` is.
std::chrono::milliseconds spread(std::size_t place, std::size_t places)
{
    const auto share = static_cast<double>(place) / static_cast<double>(places);
    return std::chrono::duration_cast<std::chrono::milliseconds>(seldom_replicas_period * share);
}

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

void Interview::begin(PeerText sentinel_id, const resp::Value& info, TimePoint now)
{
    for (std::size_t name = 0; name < asked_.size(); ++name) {
        auto& asked = asked_[name];
        asked = {.topic = std::move(asked.topic), .no_replicas = std::move(asked.no_replicas)};
        // What is asked seldom is spread over its period: the first poll of a thousand names is
        // long enough.
        if (asked.topic.replicas == Replicas::seldom)
            asked.next_replicas = now + spread(name, asked_.size());
    }
    id_ = std::move(sentinel_id);
    in_tilt_ = deaf_ = asks_info_ = false;
    take_info(info);
    next_info_ = now + info_period;
    poll_at_ = 0;
    next_poll_ = now;
}

void Interview::take_info(const resp::Value& info)
{
    if (!info.text())
        return;  // an ACL of before may not allow the question
    monitored_ = parse_monitored(info);
    in_tilt_ = parse_tilt(info);
}

void Interview::adapt(std::vector<Topic> topics)
{
    asked_.resize(topics.size());
    for (std::size_t name = 0; name < topics.size(); ++name) {
        auto& asked = asked_[name];
        if (topics[name].name.empty())  // should it come back, nothing of before counts
            asked = {};
        if (topics[name].replicas == Replicas::unasked)
            asked.replicas = {};
        if (topics[name].replicas != asked.topic.replicas)
            asked.next_replicas = {};
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
    if (asked.topic.replicas != Replicas::often || !asked.no_replicas.empty())
        return;
    asked.next_replicas = TimePoint();
    ask_now(name);
}

std::vector<std::size_t> Interview::take_due(TimePoint now)
{
    std::vector<std::size_t> due;
    std::size_t name = is_urgent_ ? 0 : asked_.size();
    for (; name < asked_.size() && due.size() < names_a_write; ++name)
        if (std::exchange(asked_[name].urgent, false) && !asked_[name].topic.name.empty())
            due.push_back(name);
    is_urgent_ = name < asked_.size();
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
        is_time_for_replicas(asked, now)};
    if (question.ckquorum)
        asked.next_ckquorum = now + ckquorum_period;
    if (question.replicas)
        asked.next_replicas = now + (asked.topic.replicas == Replicas::often
                                         ? std::chrono::milliseconds(replicas_period)
                                         : std::chrono::milliseconds(seldom_replicas_period));
    return question;
}

bool Interview::is_time_for_replicas(const Asked& asked, TimePoint now) const
{
    switch (asked.topic.replicas) {
        case Replicas::unasked: return false;
        case Replicas::seldom: return now >= asked.next_replicas && now >= seldom_replicas_from_;
        case Replicas::often: return now >= asked.next_replicas;
    }
    return false;
}

Round Interview::next_round(TimePoint now)
{
    Round round;
    round.asked_at = now;
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
        const auto& last = asked_[place].last;
        round.info = round.info || (last && !last->address && now >= next_info_);
    }
    const bool asks_info = !round.questions.empty() && (deaf_ || asks_info_);
    if (round.info || asks_info) {
        round.info = true;
        asks_info_ = false;
        next_info_ = now + info_period;
        resp::put_command(round.request, {"INFO", "sentinel"});
        ++round.replies;
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
        ask_now(question.name);
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
    if (question.replicas && asked.topic.replicas != Replicas::unasked)
        outcome.no_replicas = take_replicas(asked, rest[0], asked_at);

    if (auto* const vote = std::get_if<Vote>(&outcome.answer)) {
        vote->sentinel_id = id_;
        vote->in_tilt = in_tilt_;
        vote->no_quorum_for_failover = asked.no_quorum;
        vote->unseen = asked.replicas.unseen;
        vote->promotable = asked.replicas.promotable;
        if (!vote->address)
            vote->monitored = nearest_names(asked.topic.name, monitored_);
        asked.last = *vote;
    } else {
        asked.last.reset();
        if (std::get<Refused>(outcome.answer).why == Refusal::torn)
            ask_now(question.name);  // the full question, next
    }
    return outcome;
}

// A refusal leaves the vote as it is: an ACL of before may not allow the question.
std::optional<Refused> Interview::take_replicas(
    Asked& asked, const resp::Value& reply, TimePoint now)
{
    const bool seldom = asked.topic.replicas == Replicas::seldom;
    auto& told = seldom ? seldom_refusal_ : asked.no_replicas;
    auto answer = parse_replicas(reply);
    if (auto* const known = std::get_if<KnownReplicas>(&answer)) {
        asked.replicas = std::move(*known);
        if (seldom)  // nobody asks for who is unseen, and it would change often
            asked.replicas.unseen.clear();
        told.clear();
        return std::nullopt;
    }
    auto& refused = std::get<Refused>(answer);
    asked.replicas = {};
    if (!is_permanent(refused.why))
        return std::nullopt;
    (seldom ? seldom_replicas_from_ : asked.next_replicas) = now + refused_period;
    if (refused.text == std::exchange(told, refused.text))
        return std::nullopt;
    return std::move(refused);
}

}  // namespace spoa::sentinel
