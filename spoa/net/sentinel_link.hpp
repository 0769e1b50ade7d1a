#pragma once

#include "base/endpoint.hpp"
#include "net/backoff.hpp"
#include "net/redis_connection.hpp"
#include "sentinel/event_parser.hpp"
#include "sentinel/interview.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace spoa::net {

struct SentinelSettings {
    Endpoint address;
    std::size_t seat = 0;  // where several share the host name: which of them
    std::size_t seats = 1;
    std::string username;                // with a password: AUTH of an ACL user
    std::string password;                // empty: no AUTH at all
    std::vector<sentinel::Topic> names;  // by place
    std::chrono::milliseconds poll_interval{500};
    std::chrono::milliseconds query_timeout{250};
    const TlsClient* tls = nullptr;  // plain without; must outlive the link

    bool operator==(const SentinelSettings&) const = default;
};

// Why there is no conversation with a Sentinel.
struct LinkFailure {
    std::string reason;      // one sentence for the log, with the remedy where there is one
    bool permanent = false;  // only an operator can mend it: retried seldom
};

// Hears what one Sentinel says. `sentinel` and `name` are places in the configuration.
// Called on the link's thread, one call at a time.
class SentinelListener {
public:
    virtual ~SentinelListener() = default;

    virtual void on_up(std::size_t sentinel) = 0;
    // Its votes are void, until on_up.
    virtual void on_down(std::size_t sentinel, const LinkFailure& failure) = 0;
    virtual void on_vote(std::size_t sentinel, std::size_t name, sentinel::Vote vote) = 0;
    // It answered, and not with a vote: the one it gave before is void.
    virtual void on_no_vote(
        std::size_t sentinel, std::size_t name, const sentinel::Refused& refused) = 0;
    // It answers, but not which replicas of the name it sees. Told once.
    virtual void on_no_replicas(
        std::size_t sentinel, std::size_t name, const sentinel::Refused& refused) = 0;
    // It asks for no password, and was given one: it is asked without.
    virtual void on_no_password(std::size_t sentinel) = 0;
    virtual void on_event(std::size_t sentinel, const sentinel::Event& event) = 0;
    // It says more than any deployment has to say, and its events are not heard for a while. It is
    // asked as before.
    virtual void on_flood(std::size_t sentinel, std::chrono::milliseconds pause) = 0;
    // They are heard again.
    virtual void on_flood_over(std::size_t sentinel) = 0;
    virtual void on_answer_time(std::size_t sentinel, std::chrono::nanoseconds took) = 0;
};

// One Sentinel: two connections, one that subscribes and one that asks, for all names together;
// opened again after any trouble. It subscribes first and asks then, so that no change falls
// between the two. One that floods its subscription loses that for a while, longer each time: a
// few names in trouble publish some twenty events each, in seconds.
class SentinelLink {
public:
    static constexpr std::chrono::seconds flood_window{10};
    static constexpr std::size_t events_in_a_window = 200;
    static constexpr std::size_t events_of_a_name = 20;  // besides

    // `listener` must outlive it.
    SentinelLink(
        boost::asio::any_io_executor executor, std::size_t place, SentinelSettings settings,
        SentinelListener& listener);

    // Runs until cancelled.
    boost::asio::awaitable<void> run();

    const SentinelSettings& settings() const { return settings_; }

    // From now on it is the Sentinel at `place`, and asks about these names.
    void adapt(std::size_t place, std::vector<sentinel::Topic> names);

    // Says nothing more to its listener: its task is about to be cancelled.
    void mute() { muted_ = true; }

    // Ask about this name now and not at the next poll. Call it on the link's thread.
    void ask_now(std::size_t name);

    // The same, with CKQUORUM whose answer may have changed.
    void ask_quorum_now(std::size_t name);

    // The same, with which of the replicas it sees, where that is asked at all.
    void ask_replicas_now(std::size_t name);

private:
    using Failure = LinkFailure;

    boost::asio::awaitable<Failure> run_once();
    boost::asio::awaitable<std::optional<Failure>> open(RedisConnection& connection);
    boost::asio::awaitable<std::optional<Failure>> subscribe(RedisConnection& connection);
    boost::asio::awaitable<Failure> keep_subscribed(std::unique_ptr<RedisConnection> connection);
    boost::asio::awaitable<std::optional<Failure>> hear_events(RedisConnection& connection);
    boost::asio::awaitable<Failure> keep_alive(RedisConnection& connection);
    boost::asio::awaitable<Failure> ask_in_turn(RedisConnection& connection);
    boost::asio::awaitable<std::optional<Failure>> ask(
        RedisConnection& connection, const sentinel::Round& round);
    boost::asio::awaitable<std::optional<Failure>> introduce(RedisConnection& connection);

    bool is_flood();
    void on_message(const resp::Value& message);
    std::optional<Failure> tell(std::size_t name, sentinel::Outcome outcome);

    boost::asio::any_io_executor executor_;
    std::size_t place_;
    SentinelSettings settings_;
    SentinelListener& listener_;
    boost::asio::steady_timer wake_;  // of ask_in_turn
    Backoff backoff_;
    Backoff flood_backoff_;

    sentinel::Interview interview_;
    bool muted_ = false;
    std::chrono::steady_clock::time_point heard_at_;  // on the subscribed connection
    std::chrono::steady_clock::time_point window_began_;
    std::size_t heard_in_window_ = 0;  // on whichever connection
    std::vector<std::string> spaced_;  // the names that have blanks
};

}  // namespace spoa::net
