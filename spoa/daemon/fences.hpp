#pragma once

#include "config/config.hpp"
#include "daemon/old_workers.hpp"
#include "daemon/runtime_api.hpp"
#include "verdict/watch.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <list>
#include <optional>
#include <vector>

namespace spoa::daemon {

// The acting side of the running agent: sees to it that no HAProxy keeps a session on a server that
// is not, or may not be, the master. Lives on the control thread.
class Fences {
public:
    Fences(
        const boost::asio::any_io_executor& executor, const config::Config& config,
        telemetry::Metrics& metrics);

    void start(net::TaskGroup& tasks);

    // The name at `place` was judged. Acts at once when that changes what a server should be.
    void follow(std::size_t place, const verdict::Watch& watch);

    std::vector<telemetry::HaproxyReport> reports() const;

private:
    // One HAProxy; `places` counts the sockets in the metrics.
    struct Haproxy {
        Haproxy(
            const boost::asio::any_io_executor& executor, const config::Haproxy& config,
            telemetry::Metrics& metrics, std::size_t& places);

        RuntimeApi runtime_api;
        std::optional<OldWorkers> old_workers;
    };

    void want(std::size_t name, const haproxy_api::Wishes& wishes);

    std::list<Haproxy> haproxies_;
};

}  // namespace spoa::daemon
