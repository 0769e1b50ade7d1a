#pragma once

#include "config/config.hpp"
#include "daemon/nutcracker.hpp"
#include "net/backoff.hpp"
#include "net/task_group.hpp"
#include "telemetry/report.hpp"
#include "telemetry/twemproxy_metrics.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace spoa::daemon {

// One nutcracker that follows: when to act, with log and metrics. Lives on the control thread; the
// file and the processes are handled on a thread of its own.
class Twemproxy {
public:
    // The place of each name.
    using Places = std::function<std::size_t(const std::string& master_name)>;

    Twemproxy(
        const boost::asio::any_io_executor& executor, const config::Twemproxy& settings,
        const Places& places, telemetry::TwemproxyMetrics& metrics);
    ~Twemproxy();
    Twemproxy(const Twemproxy&) = delete;
    Twemproxy& operator=(const Twemproxy&) = delete;

    net::TaskGroup::Task start(net::TaskGroup& tasks) { return tasks.spawn(run()); }

    // Acts no more. What is under way is given up within 0.1 s, and this waits for it; whoever
    // comes next sees in the file's folder that it was begun.
    void stop();

    // The master of the name at this place, from now on.
    void want(std::size_t name, const Endpoint& master);

    telemetry::TwemproxyReport report() const;

private:
    using Clock = std::chrono::steady_clock;

    struct Follower {
        config::Twemproxy::Pool pool;
        std::size_t name;                // the place of its master
        std::optional<Endpoint> wanted;  // nothing: no verdict named one yet
        std::string in_file;
        std::size_t number;  // of the pool in the metrics
    };

    boost::asio::awaitable<void> run();
    void act();
    void take(const NutcrackerOutcome& outcome);
    void count(const NutcrackerOutcome& outcome);
    void log(const NutcrackerOutcome& outcome);

    boost::asio::any_io_executor executor_;
    telemetry::TwemproxyMetrics& metrics_;
    std::string file_;
    std::vector<Follower> followers_;
    std::vector<std::size_t> acted_on_;    // the followers that the attempt under way is about
    std::chrono::milliseconds settle_{0};  // from the first change to the attempt
    Clock::time_point due_ = Clock::time_point::max();
    bool is_acting_ = false;
    bool is_stopped_ = false;
    bool is_wanted_anew_ = false;  // since the attempt under way began
    std::string trouble_;
    std::string last_diff_;
    std::optional<std::chrono::nanoseconds> last_restart_;
    net::Backoff backoff_;
    boost::asio::steady_timer wake_;
    Nutcracker nutcracker_;
    boost::asio::thread_pool worker_{1};
};

}  // namespace spoa::daemon
