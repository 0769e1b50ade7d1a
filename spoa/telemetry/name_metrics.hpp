#pragma once

#include "telemetry/families.hpp"
#include "telemetry/moment.hpp"
#include "verdict/failover.hpp"
#include "verdict/verdict.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::telemetry {

// The metrics of the monitored names: the verdict, and the failovers. A name is known by its place
// in the configuration.
class NameMetrics {
public:
    explicit NameMetrics(Families& families);

    // `names` has the name at each place, an empty one where there is none any more: its series are
    // not shown until it is back, and go on from where they were.
    void set(std::vector<std::string> names);
    // Of the series about a server of the name only those of these servers are shown; before the
    // first call all are.
    void set_servers(std::size_t name, std::vector<std::string> servers);

    void set_verdict(std::size_t name, const verdict::Verdict& verdict);
    // The master moved; `delay` is from the first vote for the new one to the verdict.
    void count_switch(std::size_t name, std::chrono::nanoseconds delay);
    // How many replicas the Sentinels may promote that no server has.
    void set_unmapped_replicas(std::size_t name, std::size_t replicas);
    // The phases of a failover in which the master moved, and how far behind the new one was.
    void set_failover(std::size_t name, const verdict::Failover& failover, const Moment& now);
    // The verdict is open, and a HAProxy does not carry connections to where it leads.
    void set_undeliverable(std::size_t name, bool undeliverable);
    // How many of the probed nodes say that they are master.
    void set_masters_claimed(std::size_t name, std::size_t nodes);

    // The name at each place, empty where there is none any more.
    std::span<const std::string> shown() const { return shown_; }
    // The name that this place has or, once it is gone, had.
    const std::string& at(std::size_t place) const { return names_[place]; }
    // The place of a name that is shown.
    std::optional<std::size_t> find(std::string_view name) const;
    // Whether the name that the series is about, if any, is there, and so is its server.
    bool shows(std::string_view family, const prometheus::ClientMetric& metric) const;

private:
    struct Series {
        std::optional<std::vector<std::string>> servers;  // nothing: all
        std::array<prometheus::Gauge*, verdict::all_states.size()> states{};
        prometheus::Gauge* open = nullptr;
        prometheus::Gauge* undeliverable = nullptr;
        prometheus::Gauge* config_epoch = nullptr;
        prometheus::Gauge* votes = nullptr;
        prometheus::Gauge* info = nullptr;  // of the address in force; replaced when it moves
        prometheus::Counter* switches = nullptr;
        prometheus::Gauge* masters_claimed = nullptr;
        prometheus::Gauge* unmapped = nullptr;
        prometheus::Gauge* lag_bytes = nullptr;
        prometheus::Gauge* lag_seconds = nullptr;
        std::array<prometheus::Gauge*, verdict::phase_names.size()> phases{};
    };

    void add(const std::string& name);

    prometheus::Family<prometheus::Gauge>& info_;
    prometheus::Family<prometheus::Gauge>& state_;
    prometheus::Family<prometheus::Gauge>& open_;
    prometheus::Family<prometheus::Gauge>& undeliverable_;
    prometheus::Family<prometheus::Gauge>& config_epoch_;
    prometheus::Family<prometheus::Gauge>& votes_;
    prometheus::Family<prometheus::Counter>& switches_;
    prometheus::Family<prometheus::Gauge>& masters_claimed_;
    prometheus::Family<prometheus::Gauge>& unmapped_;
    prometheus::Family<prometheus::Gauge>& phase_;
    prometheus::Family<prometheus::Gauge>& lag_bytes_;
    prometheus::Family<prometheus::Gauge>& lag_seconds_;
    prometheus::Histogram& switch_delay_;
    std::vector<std::string> names_;  // by place, ever
    std::vector<std::string> shown_;
    std::vector<Series> by_name_;
};

}  // namespace spoa::telemetry
