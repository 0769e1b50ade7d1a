#include "net/sentinel_link.hpp"

#include "net/timeout.hpp"
#include "net/tls_error.hpp"
#include "resp/command.hpp"

#include <boost/system/errc.hpp>

#include <string.h>

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
constexpr auto first_flood_pause = 10s;
constexpr auto longest_flood_pause = 60s;

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
LinkFailure first_of(std::variant<LinkFailure, LinkFailure> ends)
{
    return std::visit([](LinkFailure& end) { return std::move(end); }, ends);
}

// They are not told apart from other words of an event by their blanks.
std::vector<std::string> names_with_blanks(const std::vector<sentinel::Topic>& topics)
{
    std::vector<std::string> names;
    for (const auto& topic : topics)
        if (topic.name.find(' ') != std::string::npos)
            names.push_back(topic.name);
    return names;
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
      flood_backoff_(first_flood_pause, longest_flood_pause),
      interview_(settings_.names, settings_.poll_interval),
      spaced_(names_with_blanks(settings_.names))
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

    auto subscriber = std::make_unique<RedisConnection>(executor_, settings_.tls);
    if (auto failure = co_await open(*subscriber))
        co_return *std::move(failure);
    if (auto failure = co_await subscribe(*subscriber))
        co_return *std::move(failure);
    RedisConnection asker(executor_, settings_.tls);
    if (auto failure = co_await open(asker))
        co_return *std::move(failure);
    if (auto failure = co_await introduce(asker))
        co_return *std::move(failure);

    if (!muted_)
        listener_.on_up(place_);
    const auto up_at = Clock::now();
    auto failure =
        first_of(co_await (keep_subscribed(std::move(subscriber)) || ask_in_turn(asker)));
    // One that only lets in and throws out is trouble as well.
    if (Clock::now() - up_at > longest_retry)
        backoff_.reset();
    co_return failure;
}

// While its events are not heard it is still asked, and its INFO tells of TILT.
asio::awaitable<LinkFailure> SentinelLink::keep_subscribed(
    std::unique_ptr<RedisConnection> connection)
{
    using namespace asio::experimental::awaitable_operators;

    for (;;) {
        heard_at_ = Clock::now();
        const auto subscribed_at = heard_at_;
        auto end = co_await (hear_events(*connection) || keep_alive(*connection));
        if (auto* const failure = std::get_if<1>(&end))
            co_return std::move(*failure);
        if (auto& failure = std::get<0>(end))
            co_return *std::move(failure);

        connection.reset();
        if (Clock::now() - subscribed_at > longest_flood_pause)
            flood_backoff_.reset();
        const auto pause = flood_backoff_.next();
        if (!muted_)
            listener_.on_flood(place_, pause);
        interview_.set_deaf(true);
        asio::steady_timer timer(executor_, pause);
        if (const auto [error] = co_await timer.async_wait(as_result); error)
            co_return failure_of("stopping", error);
        heard_in_window_ = 0;
        connection = std::make_unique<RedisConnection>(executor_, settings_.tls);
        if (auto failure = co_await open(*connection))
            co_return *std::move(failure);
        if (auto failure = co_await subscribe(*connection))
            co_return *std::move(failure);
        interview_.set_deaf(false);
        if (!muted_)
            listener_.on_flood_over(place_);
    }
}

asio::awaitable<std::optional<LinkFailure>> SentinelLink::open(RedisConnection& connection)
{
    const auto connected = co_await with_timeout(
        connect_limit, connection.connect(settings_.address, settings_.seat, settings_.seats));
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
    ::explicit_bzero(request.data(), request.size());
    if (!replies)
        co_return failure_of("logging in", replies.error());
    const auto* const error = replies->front().error();
    if (error && !settings_.password.empty() && sentinel::wants_no_password(*error)) {
        if (!muted_)
            listener_.on_no_password(place_);
        co_return std::nullopt;
    }
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

    // One confirmation a channel; a few messages may come between them.
    std::size_t replies = 0;
    for (std::size_t confirmed = 0; confirmed < sentinel::channels().size();) {
        const auto reply = co_await with_timeout(settings_.query_timeout, connection.receive());
        if (!reply)
            co_return failure_of("subscribing", reply.error());
        if (++replies > sentinel::channels().size() + events_in_a_window)
            co_return LinkFailure{"subscribing: it says much, and does not confirm", true};
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
    interview_.begin(std::get<std::string>(std::move(id)), replies->back(), Clock::now());
    co_return std::nullopt;
}

// Ends without a failure when it is flooded.
asio::awaitable<std::optional<LinkFailure>> SentinelLink::hear_events(RedisConnection& connection)
{
    for (;;) {
        const auto message = co_await connection.receive();
        if (!message)
            co_return failure_of("its subscription ended", message.error());
        heard_at_ = Clock::now();
        if (is_flood())
            co_return std::nullopt;
        on_message(*message);
    }
}

bool SentinelLink::is_flood()
{
    if (heard_at_ - window_began_ >= flood_window) {
        window_began_ = heard_at_;
        heard_in_window_ = 0;
    }
    return ++heard_in_window_ > events_in_a_window + events_of_a_name * settings_.names.size();
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
    const auto event = sentinel::parse_event(*channel, *payload, spaced_);
    if (!event)
        return;
    if (event->channel == "+tilt" || event->channel == "-tilt")
        interview_.set_tilt(event->channel == "+tilt");
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

void SentinelLink::adapt(std::size_t place, std::vector<sentinel::Topic> names)
{
    place_ = place;
    if (names == settings_.names)
        return;
    interview_.adapt(names);
    settings_.names = std::move(names);
    spaced_ = names_with_blanks(settings_.names);
}

void SentinelLink::ask_now(std::size_t name)
{
    interview_.ask_now(name);
    wake_.cancel();
}

void SentinelLink::ask_quorum_now(std::size_t name)
{
    interview_.ask_quorum_now(name);
    wake_.cancel();
}

void SentinelLink::ask_replicas_now(std::size_t name)
{
    interview_.ask_replicas_now(name);
    wake_.cancel();
}

asio::awaitable<LinkFailure> SentinelLink::ask_in_turn(RedisConnection& connection)
{
    for (;;) {
        const auto round = interview_.next_round(Clock::now());
        if (!round.questions.empty()) {
            if (auto failure = co_await ask(connection, round))
                co_return *std::move(failure);
            continue;
        }
        wake_.expires_at(interview_.next_poll());
        co_await wake_.async_wait(as_result);  // ends early by ask_now
        if ((co_await asio::this_coro::cancellation_state).cancelled() !=
            asio::cancellation_type::none)
            co_return LinkFailure{"stopping", false};
    }
}

asio::awaitable<std::optional<LinkFailure>> SentinelLink::ask(
    RedisConnection& connection, const sentinel::Round& round)
{
    const auto replies = co_await with_timeout(
        settings_.query_timeout, connection.ask(round.request, round.replies));
    if (!replies)
        co_return failure_of("asking for the master", replies.error());
    if (muted_)
        co_return LinkFailure{"stopping", false};
    listener_.on_answer_time(place_, Clock::now() - round.asked_at);

    bool torn = false;
    std::span<const resp::Value> rest(*replies);
    if (round.info)
        interview_.take_info(rest.back());
    for (const auto& question : round.questions) {
        auto outcome = interview_.take(question, rest, round.asked_at);
        if (!outcome)
            continue;
        const auto* const refused = std::get_if<Refused>(&outcome->answer);
        torn = torn || (question.full && refused && refused->why == Refusal::torn);
        if (auto failure = tell(question.name, *std::move(outcome)))
            co_return failure;
    }
    if (torn) {
        asio::steady_timer pause(executor_, torn_retry);
        co_await pause.async_wait(as_result);
    }
    co_return std::nullopt;
}

std::optional<LinkFailure> SentinelLink::tell(std::size_t name, sentinel::Outcome outcome)
{
    if (outcome.no_replicas)
        listener_.on_no_replicas(place_, name, *outcome.no_replicas);
    if (auto* const vote = std::get_if<sentinel::Vote>(&outcome.answer)) {
        listener_.on_vote(place_, name, std::move(*vote));
        return std::nullopt;
    }
    const auto& refused = std::get<Refused>(outcome.answer);
    if (refused.why == Refusal::torn)
        return std::nullopt;
    // A refusal of the command concerns every name; an unusable answer only this one.
    if (sentinel::is_permanent(refused.why) && refused.why != Refusal::not_understood)
        return failure_of(refused);
    listener_.on_no_vote(place_, name, refused);
    return std::nullopt;
}

}  // namespace spoa::net
