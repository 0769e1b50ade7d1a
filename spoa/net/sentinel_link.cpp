#include "net/sentinel_link.hpp"

#include "net/timeout.hpp"
#include "net/tls_error.hpp"
#include "resp/command.hpp"

#include <boost/system/errc.hpp>

#include <algorithm>
#include <utility>

namespace asio = boost::asio;

namespace spoa::net {
namespace {

using namespace std::chrono_literals;
using sentinel::Refusal;
using sentinel::Refused;
using Clock = std::chrono::steady_clock;

constexpr auto connect_limit = 1s;
constexpr auto ping_period = 1s;
constexpr auto first_retry = 100ms;
constexpr auto longest_retry = 2s;
constexpr auto permanent_retry = 10s;
constexpr auto torn_retry = 5ms;
constexpr auto ckquorum_period = 10s;
// One write holds this many questions at most, so that an urgent one never waits long behind a
// poll of a thousand names.
constexpr std::size_t names_a_write = 50;

LinkFailure failure_of(std::string_view step, const error_code& error)
{
    namespace errc = boost::system::errc;
    if (error == errc::bad_message || error == errc::message_size)  // no RESP, or too much of it
        return {"it does not speak Sentinel's protocol: check sentinels.addresses", true};
    return {std::string(step) + ": " + error.message(), needs_operator(error)};
}

LinkFailure failure_of(const Refused& refused)
{
    const auto said = refused.text.empty() ? std::string() : " (it said: " + refused.text + ")";
    switch (refused.why) {
        case Refusal::noauth:
            return {"it demands a password: set sentinels.password_file" + said, true};
        case Refusal::wrongpass:
            return {"it refuses the login: check sentinels.username and the password" + said, true};
        case Refusal::noperm:
            return {
                "its ACL forbids what the agent needs: docs/security.md has the rule" + said, true};
        case Refusal::unknown_command:
            return {
                "it is no Sentinel, or its commands were renamed: check sentinels.addresses" + said,
                true};
        case Refusal::not_understood:
            return {
                "it answers nothing that a Sentinel would: check sentinels.addresses" + said, true};
        case Refusal::torn:
        case Refusal::other_error: break;
    }
    return {"it answered an error" + said, false};
}

// A reply that was no error, or why it was one.
std::optional<LinkFailure> failure_in(const resp::Value& reply)
{
    if (const auto* const error = reply.error())
        return failure_of(sentinel::classify(*error));
    return std::nullopt;
}

// The failure of whatever part of a link ended first.
LinkFailure first_of(std::variant<LinkFailure, LinkFailure, LinkFailure> ends)
{
    return std::visit([](LinkFailure& end) { return std::move(end); }, ends);
}

}  // namespace

SentinelLink::SentinelLink(
    asio::any_io_executor executor, std::size_t place, SentinelSettings settings,
    SentinelListener& listener)
    : executor_(std::move(executor)),
      place_(place),
      settings_(std::move(settings)),
      listener_(listener),
      wake_(executor_),
      backoff_(first_retry, longest_retry),
      last_votes_(settings_.names.size()),
      urgent_(settings_.names.size()),
      no_quorum_(settings_.names.size()),
      next_ckquorum_(settings_.names.size())
{}

asio::awaitable<void> SentinelLink::run()
{
    asio::steady_timer pause(executor_);
    for (;;) {
        const auto failure = co_await run_once();
        if ((co_await asio::this_coro::cancellation_state).cancelled() !=
            asio::cancellation_type::none)
            co_return;
        listener_.on_down(place_, failure);
        pause.expires_after(failure.permanent ? permanent_retry : backoff_.next());
        if (const auto [error] = co_await pause.async_wait(as_result); error)
            co_return;
    }
}

asio::awaitable<LinkFailure> SentinelLink::run_once()
{
    using namespace asio::experimental::awaitable_operators;

    RedisConnection subscriber(executor_, settings_.tls);
    if (auto failure = co_await open(subscriber))
        co_return *std::move(failure);
    if (auto failure = co_await subscribe(subscriber))
        co_return *std::move(failure);
    RedisConnection asker(executor_, settings_.tls);
    if (auto failure = co_await open(asker))
        co_return *std::move(failure);
    if (auto failure = co_await introduce(asker))
        co_return *std::move(failure);

    backoff_.reset();
    if (!muted_)
        listener_.on_up(place_);
    std::ranges::fill(last_votes_, std::nullopt);
    urgent_.assign(urgent_.size(), false);
    next_ckquorum_.assign(next_ckquorum_.size(), Clock::time_point());
    sweep_at_ = 0;
    next_sweep_ = heard_at_ = Clock::now();
    co_return first_of(
        co_await (hear_events(subscriber) || keep_alive(subscriber) || ask_in_turn(asker)));
}

asio::awaitable<std::optional<LinkFailure>> SentinelLink::open(RedisConnection& connection)
{
    const auto connected =
        co_await with_timeout(connect_limit, connection.connect(settings_.address));
    if (!connected)
        co_return failure_of("connecting", connection.explain(connected.error()));
    // Something short comes first in any case: before a login, Sentinel answers a command as long
    // as SUBSCRIBE with a protocol error instead of NOAUTH.
    std::string request;
    if (settings_.password.empty())
        resp::put_command(request, {"PING"});
    else
        resp::put_auth(request, settings_.username, settings_.password);
    const auto replies = co_await with_timeout(settings_.query_timeout, connection.ask(request, 1));
    if (!replies)
        co_return failure_of("logging in", replies.error());
    co_return failure_in(replies->front());
}

asio::awaitable<std::optional<LinkFailure>> SentinelLink::subscribe(RedisConnection& connection)
{
    std::vector<std::string_view> words{"SUBSCRIBE"};
    std::ranges::copy(sentinel::channels(), std::back_inserter(words));
    std::string request;
    resp::put_command(request, words);
    if (const auto sent = co_await with_timeout(settings_.query_timeout, connection.send(request));
        !sent)
        co_return failure_of("subscribing", sent.error());

    // One confirmation a channel; messages may come between them.
    for (std::size_t confirmed = 0; confirmed < sentinel::channels().size();) {
        const auto reply = co_await with_timeout(settings_.query_timeout, connection.receive());
        if (!reply)
            co_return failure_of("subscribing", reply.error());
        if (auto failure = failure_in(*reply))
            co_return failure;
        const auto* const parts = reply->array();
        const auto* const kind = parts && !parts->empty() ? parts->front().text() : nullptr;
        if (!kind)
            co_return failure_of(Refused{Refusal::not_understood, {}});
        confirmed += *kind == "subscribe" ? 1 : 0;
    }
    co_return std::nullopt;
}

// Who it is, and whether it is in TILT: the events tell only of changes.
asio::awaitable<std::optional<LinkFailure>> SentinelLink::introduce(RedisConnection& connection)
{
    std::string request;
    resp::put_command(request, {"SENTINEL", "MYID"});
    resp::put_command(request, {"INFO", "sentinel"});
    const auto replies = co_await with_timeout(settings_.query_timeout, connection.ask(request, 2));
    if (!replies)
        co_return failure_of("asking for its id", replies.error());
    auto id = sentinel::parse_myid(replies->front());
    if (const auto* const refused = std::get_if<Refused>(&id))
        co_return failure_of(*refused);
    id_ = std::get<std::string>(std::move(id));
    in_tilt_ = sentinel::parse_tilt(replies->back());
    co_return std::nullopt;
}

asio::awaitable<LinkFailure> SentinelLink::hear_events(RedisConnection& connection)
{
    for (;;) {
        const auto message = co_await connection.receive();
        if (!message)
            co_return failure_of("its subscription ended", message.error());
        heard_at_ = Clock::now();
        on_message(*message);
    }
}

void SentinelLink::on_message(const resp::Value& message)
{
    const auto* const parts = message.array();
    if (!parts || parts->size() != 3)
        return;
    const auto* const kind = (*parts)[0].text();
    const auto* const channel = (*parts)[1].text();
    const auto* const payload = (*parts)[2].text();
    if (!kind || *kind != "message" || !channel || !payload)
        return;
    const auto event = sentinel::parse_event(*channel, *payload);
    if (!event)
        return;
    if (event->channel == "+tilt" || event->channel == "-tilt")
        in_tilt_ = event->channel == "+tilt";
    if (!muted_)
        listener_.on_event(place_, *event);
}

// A dead peer sends no reset: without an answer to PING the subscription counts as lost.
asio::awaitable<LinkFailure> SentinelLink::keep_alive(RedisConnection& connection)
{
    std::string ping;
    resp::put_command(ping, {"PING"});
    asio::steady_timer timer(executor_);
    for (;;) {
        timer.expires_after(ping_period);
        if (const auto [error] = co_await timer.async_wait(as_result); error)
            co_return failure_of("stopping", error);
        if (Clock::now() - heard_at_ > 2 * ping_period)
            co_return LinkFailure{"its subscription is silent", false};
        if (const auto sent = co_await connection.send(ping); !sent)
            co_return failure_of("its subscription ended", sent.error());
    }
}

void SentinelLink::adapt(std::size_t place, std::vector<std::string> names)
{
    place_ = place;
    if (names == settings_.names)
        return;
    last_votes_.resize(names.size());
    urgent_.resize(names.size());
    no_quorum_.resize(names.size());
    next_ckquorum_.resize(names.size());
    for (std::size_t name = 0; name < names.size(); ++name)
        if (names[name].empty()) {  // should it come back, nothing of before counts
            last_votes_[name].reset();
            urgent_[name] = false;
        }
    settings_.names = std::move(names);
}

void SentinelLink::ask_now(std::size_t name)
{
    urgent_[name] = true;
    wake_.cancel();
}

void SentinelLink::ask_quorum_now(std::size_t name)
{
    next_ckquorum_[name] = Clock::time_point();
    ask_now(name);
}

// What to ask about next: what is urgent, else the next part of the poll that is due.
std::vector<std::size_t> SentinelLink::take_due(Clock::time_point now)
{
    std::vector<std::size_t> due;
    for (std::size_t name = 0; name < urgent_.size() && due.size() < names_a_write; ++name)
        if (urgent_[name]) {
            urgent_[name] = false;
            if (!settings_.names[name].empty())
                due.push_back(name);
        }
    if (!due.empty() || now < next_sweep_)
        return due;

    const auto names = urgent_.size();
    const auto parts = static_cast<int>((names + names_a_write - 1) / names_a_write);
    const auto step = std::chrono::nanoseconds(settings_.poll_interval) / parts;
    next_sweep_ = std::max(next_sweep_ + step, now);
    const auto end = std::min(names, sweep_at_ + names_a_write);
    for (; sweep_at_ < end; ++sweep_at_)
        if (!settings_.names[sweep_at_].empty())
            due.push_back(sweep_at_);
    if (sweep_at_ == names)
        sweep_at_ = 0;
    return due;
}

asio::awaitable<LinkFailure> SentinelLink::ask_in_turn(RedisConnection& connection)
{
    for (;;) {
        const auto due = take_due(Clock::now());
        if (!due.empty()) {
            if (auto failure = co_await ask(connection, due))
                co_return *std::move(failure);
            continue;
        }
        wake_.expires_at(next_sweep_);
        co_await wake_.async_wait(as_result);  // ends early by ask_now
        if ((co_await asio::this_coro::cancellation_state).cancelled() !=
            asio::cancellation_type::none)
            co_return LinkFailure{"stopping", false};
    }
}

// What to ask about `name` now.
SentinelLink::Question SentinelLink::prepare(std::size_t name, Clock::time_point now)
{
    const auto& last = last_votes_[name];
    Question question{name, !last || !last->address, now >= next_ckquorum_[name]};
    if (question.ckquorum)
        next_ckquorum_[name] = now + ckquorum_period;
    return question;
}

asio::awaitable<std::optional<LinkFailure>> SentinelLink::ask(
    RedisConnection& connection, const std::vector<std::size_t>& names)
{
    const auto asked_at = Clock::now();
    std::string request;
    std::size_t expected = 0;
    std::vector<Question> questions;
    const auto put = [&](std::string_view command, const std::string& name) {
        resp::put_command(request, {"SENTINEL", command, name});
        ++expected;
    };
    for (const auto place : names) {
        const auto& name = settings_.names[place];
        const auto& question = questions.emplace_back(prepare(place, asked_at));
        if (question.full)
            put("GET-MASTER-ADDR-BY-NAME", name);
        put("MASTER", name);
        if (question.full)
            put("GET-MASTER-ADDR-BY-NAME", name);
        if (question.ckquorum)
            put("CKQUORUM", name);
    }

    const auto replies =
        co_await with_timeout(settings_.query_timeout, connection.ask(request, expected));
    if (!replies)
        co_return failure_of("asking for the master", replies.error());
    if (muted_)
        co_return LinkFailure{"stopping", false};
    listener_.on_answer_time(place_, Clock::now() - asked_at);

    bool torn = false;
    Replies rest(*replies);
    for (const auto& question : questions)
        if (auto failure = take_answer(question, rest, asked_at, torn))
            co_return failure;
    if (torn) {
        asio::steady_timer pause(executor_, torn_retry);
        co_await pause.async_wait(as_result);
    }
    co_return std::nullopt;
}

// Takes the replies to one question off the front of `replies`. A vote is as old as its question:
// an answer that lay unread while the agent was stopped is not new.
std::optional<LinkFailure> SentinelLink::take_answer(
    const Question& question, Replies& replies, sentinel::TimePoint asked_at, bool& torn)
{
    const auto name = question.name;
    auto& last = last_votes_[name];
    if (settings_.names[name].empty() || (!question.full && !last)) {  // adapt() came between
        urgent_[name] = true;
        replies = replies.subspan((question.full ? 3 : 1) + (question.ckquorum ? 1 : 0));
        return std::nullopt;
    }
    auto answer = question.full ? sentinel::parse_vote(replies[0], replies[1], replies[2], asked_at)
                                : sentinel::repeat_vote(*last, replies[0], asked_at);
    replies = replies.subspan(question.full ? 3 : 1);
    if (question.ckquorum) {
        no_quorum_[name] = sentinel::parse_ckquorum(replies[0]).value_or(false);
        replies = replies.subspan(1);
    }

    if (auto* const vote = std::get_if<sentinel::Vote>(&answer)) {
        vote->sentinel_id = id_;
        vote->in_tilt = in_tilt_;
        vote->no_quorum_for_failover = no_quorum_[name];
        last = *vote;
        listener_.on_vote(place_, name, std::move(*vote));
        return std::nullopt;
    }
    const auto& refused = std::get<Refused>(answer);
    last.reset();
    if (refused.why == Refusal::torn) {
        torn = torn || question.full;
        urgent_[name] = true;  // the full question, next
        return std::nullopt;
    }
    // A refusal of the command concerns every name; an unusable answer only this one.
    if (sentinel::is_permanent(refused.why) && refused.why != Refusal::not_understood)
        return failure_of(refused);
    listener_.on_no_vote(place_, name, refused);
    return std::nullopt;
}

}  // namespace spoa::net
