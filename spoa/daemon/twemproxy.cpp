#include "daemon/twemproxy.hpp"

#include "base/peer_text.hpp"
#include "net/timeout.hpp"
#include "telemetry/log.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <utility>

namespace asio = boost::asio;

namespace spoa::daemon {
namespace {

using namespace std::chrono_literals;
using Result = NutcrackerOutcome::Result;
using telemetry::write_log;

// Where several names share a file: those that move within this time, as when a host dies, cost one
// restart. One name alone has nothing to wait for.
constexpr auto settle_time = 50ms;
// How often to see whether somebody has changed the file.
constexpr auto look_period = 1s;
constexpr auto first_retry = 1s;
constexpr auto longest_retry = 60s;

bool is_cancelled(asio::cancellation_state state)
{
    return state.cancelled() != asio::cancellation_type::none;
}

}  // namespace

Twemproxy::Twemproxy(
    const asio::any_io_executor& executor, const config::Twemproxy& settings, const Places& places,
    telemetry::TwemproxyMetrics& metrics)
    : executor_(executor),
      metrics_(metrics),
      file_(settings.file),
      backoff_(first_retry, longest_retry),
      wake_(executor),
      nutcracker_(
          settings,
          [file = settings.file](LogLevel level, const std::string& message, std::string detail) {
              write_log(level, "twemproxy " + file + ": " + message, {{"text", std::move(detail)}});
          })
{
    for (const auto& pool : settings.pools)
        followers_.push_back({pool, places(pool.master), {}, {}, metrics_.add_pool(pool.pool)});
    const auto is_another = [&](const Follower& each) {
        return each.name != followers_.front().name;
    };
    settle_ = std::ranges::any_of(followers_, is_another) ? settle_time : 0ms;
}

Twemproxy::~Twemproxy()
{
    stop();
}

void Twemproxy::stop()
{
    if (std::exchange(is_stopped_, true))
        return;
    nutcracker_.stop();
    worker_.join();
    for (const auto& follower : followers_)
        metrics_.remove_pool(follower.number);
}

void Twemproxy::want(std::size_t name, const Endpoint& master)
{
    bool news = false;
    for (auto& follower : followers_)
        if (follower.name == name && follower.wanted != master) {
            follower.wanted = master;
            news = true;
        }
    if (!news)
        return;
    backoff_.reset();
    is_wanted_anew_ = true;
    due_ = std::min(due_, Clock::now() + settle_);
    wake_.cancel();
}

// g++ 12 mislays the frame of this coroutine, and it crashes, when it has no variable of its own.
asio::awaitable<void> Twemproxy::run()
{
    for (auto next = due_;; next = is_acting_ ? Clock::time_point::max() : due_) {
        wake_.expires_at(next);
        co_await wake_.async_wait(net::as_result);  // ends early by want() and take()
        if (is_cancelled(co_await asio::this_coro::cancellation_state))
            co_return;
        if (!is_stopped_ && !is_acting_ && due_ <= Clock::now())
            act();
    }
}

void Twemproxy::act()
{
    std::vector<twemproxy::Target> targets;
    acted_on_.clear();
    for (std::size_t i = 0; i < followers_.size(); ++i)
        if (const auto& [pool, name, wanted, in_file, number] = followers_[i]; wanted) {
            targets.push_back({pool.pool, pool.server, *wanted});
            acted_on_.push_back(i);
        }
    is_acting_ = true;
    is_wanted_anew_ = false;
    asio::post(worker_, [this, targets = std::move(targets)] {
        asio::post(executor_, [this, outcome = nutcracker_.follow(targets)] { take(outcome); });
    });
}

void Twemproxy::take(const NutcrackerOutcome& outcome)
{
    if (is_stopped_)
        return;
    is_acting_ = false;
    const bool good = outcome.trouble.empty();
    if (good)
        backoff_.reset();
    due_ = Clock::now() + (is_wanted_anew_ ? Clock::duration::zero()
                           : good          ? Clock::duration(look_period)
                                           : Clock::duration(backoff_.next()));
    for (std::size_t i = 0; i < outcome.in_file.size(); ++i)
        followers_[acted_on_[i]].in_file = shown_name(outcome.in_file[i]);
    if (outcome.restart) {
        last_restart_ = outcome.restart;
        metrics_.observe_restart(*outcome.restart);
    }
    count(outcome);
    log(outcome);
    wake_.cancel();
}

void Twemproxy::count(const NutcrackerOutcome& outcome)
{
    using telemetry::TwemproxyResult;
    const auto result = outcome.result == Result::updated       ? TwemproxyResult::updated
                        : outcome.result == Result::rolled_back ? TwemproxyResult::rolled_back
                        : outcome.result == Result::dry_run     ? TwemproxyResult::dry_run
                                                                : TwemproxyResult::failed;
    for (std::size_t i = 0; i < acted_on_.size(); ++i) {
        const auto pool = followers_[acted_on_[i]].number;
        const bool moved = outcome.moved.empty() || outcome.moved[i];
        const bool right = outcome.result == Result::unchanged || outcome.result == Result::updated;
        metrics_.set_follows(pool, right || !moved);
        if (outcome.result != Result::unchanged && moved)
            metrics_.count(pool, result);
    }
}

// One line for each kind of trouble, one when it is over, and one for each change.
void Twemproxy::log(const NutcrackerOutcome& outcome)
{
    const auto who = "twemproxy " + file_ + ": ";
    if (!outcome.trouble.empty() && outcome.trouble != trouble_)
        write_log(
            LogLevel::warning,
            who + (outcome.result == Result::rolled_back ? "rolled back" : "cannot follow"),
            {{"reason", outcome.trouble}});
    if (outcome.trouble.empty() && !trouble_.empty())
        write_log(LogLevel::info, who + "follows again");
    trouble_ = outcome.trouble;
    if (outcome.result == Result::updated)
        write_log(
            LogLevel::info,
            who + "follows the master; nutcracker was restarted",
            {{"ms",
              std::to_string(
                  std::chrono::ceil<std::chrono::milliseconds>(*outcome.restart).count())},
             {"diff", outcome.diff}});
    if (outcome.result == Result::dry_run && outcome.diff != last_diff_)
        write_log(LogLevel::info, who + "dry run, would change", {{"diff", outcome.diff}});
    last_diff_ = outcome.diff;
}

telemetry::TwemproxyReport Twemproxy::report() const
{
    telemetry::TwemproxyReport out{file_, trouble_, last_restart_, {}};
    for (const auto& [pool, name, wanted, in_file, number] : followers_)
        out.pools.push_back(
            {pool.pool, pool.server, pool.master, wanted ? to_string(*wanted) : "", in_file});
    return out;
}

}  // namespace spoa::daemon
