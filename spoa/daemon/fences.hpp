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

    // How the servers of the name at `place` should be. Acts at once when that is news.
    void want(std::size_t place, const haproxy_api::Wishes& wishes);

    // Whether every HAProxy keeps this server out and sees no session on it; nothing where no
    // HAProxy has a backend of the name.
    std::optional<bool> is_out(std::size_t place, const std::string& server) const;

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

    std::list<Haproxy> haproxies_;
};

// How the servers of a watched name should be at this moment.
haproxy_api::Wishes wishes_for(const verdict::Watch& watch, verdict::TimePoint now);

}  // namespace spoa::daemon
