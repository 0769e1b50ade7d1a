#pragma once

#include "telemetry/name_metrics.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace spoa::telemetry {

// The metrics of the HAProxies that are kept in order over their runtime API or master CLI.
class HaproxyMetrics {
public:
    HaproxyMetrics(Families& families, const NameMetrics& names);

    // A HAProxy is kept in order, until it is removed as often as it was added. Returns its number:
    // that of before for an address that was here already.
    std::size_t add(const std::string& runtime_api);
    // Takes the sessions on its servers away, too.
    void remove(std::size_t haproxy);
    void set_up(std::size_t haproxy, bool up);
    void count_error(std::size_t haproxy);

    // A server was put into maintenance with this many sessions on it; 0 makes the series.
    void count_fenced(std::size_t name, const std::string& server, std::uint64_t sessions);
    // From the decision to HAProxy's reply.
    void observe_fence(std::chrono::nanoseconds took);

    // A server of HAProxy, and its sessions when it was last looked at; `stray` where it should
    // have none.
    struct ServerPlace {
        std::string runtime_api;
        std::string backend;
        std::string server;
    };
    void set_sessions(
        std::size_t name, const ServerPlace& place, std::uint64_t sessions, bool stray);

    // Whether the HAProxy that the series is about, if any, is there.
    bool shows(const prometheus::ClientMetric& metric) const;

private:
    struct Haproxy {
        std::string runtime_api;
        std::size_t users = 0;  // those who added it and did not remove it yet
        prometheus::Gauge* up = nullptr;
        prometheus::Counter* errors = nullptr;
        // On its servers: all, and stray ones.
        std::set<std::pair<prometheus::Gauge*, prometheus::Gauge*>> sessions;
    };

    const NameMetrics& names_;
    prometheus::Family<prometheus::Gauge>& up_;
    prometheus::Family<prometheus::Counter>& errors_;
    prometheus::Family<prometheus::Counter>& fenced_;
    prometheus::Family<prometheus::Gauge>& server_sessions_;
    prometheus::Family<prometheus::Gauge>& stray_sessions_;
    prometheus::Histogram& fence_duration_;
    std::vector<Haproxy> haproxies_;
};

}  // namespace spoa::telemetry
