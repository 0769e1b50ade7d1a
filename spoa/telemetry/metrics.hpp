#pragma once

#include "agent/tally.hpp"
#include "telemetry/families.hpp"
#include "telemetry/haproxy_metrics.hpp"
#include "telemetry/name_metrics.hpp"
#include "telemetry/node_metrics.hpp"
#include "telemetry/read_families.hpp"
#include "telemetry/read_report.hpp"
#include "telemetry/sentinel_metrics.hpp"
#include "telemetry/twemproxy_metrics.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::telemetry {

// Everything that /metrics shows: what is told of each kind of thing, and of the agent itself. For
// one thread, but for the tallies, which others may be writing.
class Metrics {
public:
    Metrics(
        std::vector<std::string> names, const std::vector<std::string>& sentinels,
        std::string_view version);
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    NameMetrics& names() { return names_; }
    NodeMetrics& nodes() { return nodes_; }
    SentinelMetrics& sentinels() { return sentinels_; }
    HaproxyMetrics& haproxies() { return haproxies_; }
    TwemproxyMetrics& twemproxies() { return twemproxies_; }

    // The configuration was read anew, and is in force if it was good.
    void count_reload(bool good);

    // Where answers to role=replica that name this server, or none when it is empty, are counted:
    // a place in Tally::reads, always the same.
    std::size_t read_counter(std::size_t name, const std::string& server);

    void set_event_readers(std::size_t readers);
    void count_dropped_reader();
    void count_held_event();  // a change that readers are told later, with others
    // How many lines of the log were held back so far.
    void set_held_lines(std::uint64_t lines);

    // Of all lines of the log so far.
    void set_dropped_log_lines(std::uint64_t lines);

    // A listening socket, SPOP or HTTP, could not accept.
    void count_accept_error();
    std::uint64_t accept_errors() const;

    // The text of /metrics, in the Prometheus exposition format.
    std::string serialize(
        std::span<const agent::Tally* const> tallies, std::span<const ReadReport> reads = {}) const;

private:
    bool shows(std::string_view family, const prometheus::ClientMetric& metric) const;

    // In the order of /metrics.
    Families families_;
    prometheus::Gauge& build_info_;
    prometheus::Counter& accept_errors_;
    prometheus::Gauge& event_readers_;
    prometheus::Counter& dropped_readers_;
    prometheus::Counter& held_events_;
    prometheus::Counter& held_lines_;
    prometheus::Counter& dropped_log_lines_;
    prometheus::Family<prometheus::Counter>& reloads_;
    NameMetrics names_{families_};
    NodeMetrics nodes_{families_, names_};
    SentinelMetrics sentinels_{families_};
    HaproxyMetrics haproxies_{families_, names_};
    TwemproxyMetrics twemproxies_{families_};
    std::vector<ReadCounter> read_counters_;
};

}  // namespace spoa::telemetry
