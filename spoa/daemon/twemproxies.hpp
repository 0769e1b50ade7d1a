#pragma once

#include "config/config.hpp"
#include "daemon/ending.hpp"
#include "daemon/twemproxy.hpp"
#include "verdict/watch.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace spoa::daemon {

// All nutcrackers that follow, beside the fences of HAProxy: another consumer of the verdicts.
class Twemproxies {
public:
    Twemproxies(const boost::asio::any_io_executor& executor, telemetry::TwemproxyMetrics& metrics)
        : executor_(executor), metrics_(metrics)
    {}

    // Lets these follow from now on. One that is as it was goes on as it is; what ends goes to
    // `ending`, and has stopped by then: two never act on one file.
    void configure(
        const std::vector<config::Twemproxy>& twemproxies, const Twemproxy::Places& places,
        Ending& ending)
    {
        auto before = std::exchange(all_, {});
        std::erase_if(before, [&](const One& old) {
            const bool stays = std::ranges::count(twemproxies, old.configured) > 0;
            if (!stays) {
                old.follower->stop();
                ending.add(old.follower, std::vector{old.task});
            }
            return !stays;
        });
        for (const auto& each : twemproxies) {
            const auto same = std::ranges::find(before, each, &One::configured);
            if (same != before.end()) {
                all_.push_back(*same);
                continue;
            }
            auto& one = all_.emplace_back(
                One{each, std::make_shared<Twemproxy>(executor_, each, places, metrics_), {}});
            if (tasks_)
                one.task = one.follower->start(*tasks_);
        }
    }

    void start(net::TaskGroup& tasks)
    {
        tasks_ = &tasks;
        for (auto& each : all_)
            each.task = each.follower->start(tasks);
    }

    // Another process follows in our place.
    void stop()
    {
        for (const auto& each : all_)
            each.follower->stop();
    }

    bool empty() const { return all_.empty(); }

    // The master of the name at `place`, by an open verdict.
    void follow(std::size_t place, const Endpoint& master)
    {
        for (const auto& each : all_)
            each.follower->want(place, master);
    }

    std::vector<telemetry::TwemproxyReport> reports() const
    {
        std::vector<telemetry::TwemproxyReport> out;
        for (const auto& each : all_)
            out.push_back(each.follower->report());
        return out;
    }

private:
    struct One {
        config::Twemproxy configured;
        std::shared_ptr<Twemproxy> follower;
        net::TaskGroup::Task task;
    };

    boost::asio::any_io_executor executor_;
    telemetry::TwemproxyMetrics& metrics_;
    net::TaskGroup* tasks_ = nullptr;  // once started
    std::vector<One> all_;
};

}  // namespace spoa::daemon
