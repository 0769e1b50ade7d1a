#pragma once

#include "agent/snapshot.hpp"
#include "config/config.hpp"
#include "net/sentinel_link.hpp"
#include "net/task_group.hpp"
#include "telemetry/metrics.hpp"
#include "telemetry/report.hpp"
#include "verdict/watch.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace spoa::daemon {

// The thinking side of the running agent: takes what the Sentinels say to the watches, and what
// the watches conclude to the workers, the log and the metrics. Lives on the control thread.
class Control final : public net::SentinelListener {
public:
    using Publish = std::function<void(std::shared_ptr<const agent::Snapshot>)>;

    Control(
        const boost::asio::any_io_executor& executor, const config::Config& config,
        telemetry::Metrics& metrics, Publish publish);

    // Starts the links to the Sentinels and the regular review, as tasks that end when cancelled.
    void start(net::TaskGroup& tasks);

    std::span<const verdict::Watch> watches() const { return watches_; }
    std::span<const telemetry::SentinelReport> sentinels() const { return sentinels_; }

    void on_up(std::size_t sentinel) override;
    void on_down(std::size_t sentinel, const net::LinkFailure& failure) override;
    void on_vote(std::size_t sentinel, std::size_t name, sentinel::Vote vote) override;
    void on_no_vote(
        std::size_t sentinel, std::size_t name, const sentinel::Refused& refused) override;
    void on_event(std::size_t sentinel, const sentinel::Event& event) override;
    void on_answer_time(std::size_t sentinel, std::chrono::nanoseconds took) override;

private:
    boost::asio::awaitable<void> review_regularly();
    void review(std::size_t first, std::size_t count);
    void on_change(std::size_t name, const verdict::Change& change);

    boost::asio::any_io_executor executor_;
    telemetry::Metrics& metrics_;
    Publish publish_;
    std::vector<verdict::Watch> watches_;
    std::shared_ptr<const agent::Snapshot> snapshot_;
    std::vector<telemetry::SentinelReport> sentinels_;
    std::vector<std::vector<std::string>> refusals_;  // last logged, by Sentinel and name
    std::list<net::SentinelLink> links_;              // in the order of sentinels_
    std::vector<net::SentinelLink*> link_at_;
};

// An empty snapshot for all names of a configuration.
std::shared_ptr<const agent::Snapshot> first_snapshot(const config::Config& config);

}  // namespace spoa::daemon
