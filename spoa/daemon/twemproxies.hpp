#pragma once

#include "config/config.hpp"
#include "daemon/twemproxy.hpp"
#include "verdict/watch.hpp"

#include <list>
#include <vector>

namespace spoa::daemon {

// All nutcrackers that follow, beside the fences of HAProxy: another consumer of the verdicts.
class Twemproxies {
public:
    Twemproxies(
        const boost::asio::any_io_executor& executor, const config::Config& config,
        telemetry::Metrics& metrics)
    {
        std::size_t pools = 0;
        for (const auto& each : config.twemproxies) {
            all_.emplace_back(executor, config, each, metrics, pools);
            pools += each.pools.size();
        }
    }

    void start(net::TaskGroup& tasks)
    {
        for (auto& each : all_)
            each.start(tasks);
    }

    // The name at `place` was judged. In doubt nothing is changed: a nutcracker without a master
    // would be no better off.
    void follow(std::size_t place, const verdict::Verdict& verdict)
    {
        if (verdict.open && verdict.address)
            for (auto& each : all_)
                each.want(place, *verdict.address);
    }

    std::vector<telemetry::TwemproxyReport> reports() const
    {
        std::vector<telemetry::TwemproxyReport> out;
        for (const auto& each : all_)
            out.push_back(each.report());
        return out;
    }

private:
    std::list<Twemproxy> all_;
};

}  // namespace spoa::daemon
