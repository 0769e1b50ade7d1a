#pragma once

#include "telemetry/name_metrics.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::telemetry {

// The metrics of the probed data nodes. A node is known by the place of its name and by its number:
// the nodes of a name are counted from 0 in the order they are added.
class NodeMetrics {
public:
    NodeMetrics(Families& families, const NameMetrics& names);

    // The name has no nodes any more: their series are not shown until they are added again, and
    // go on from where they were.
    void clear(std::size_t name);
    void add(std::size_t name, const std::string& server);

    // The node was never there: its series are not shown while that holds.
    void set_absent(std::size_t name, std::size_t node, bool absent);
    void set_up(std::size_t name, std::size_t node, bool up);
    void set_loading(std::size_t name, std::size_t node, bool loading);
    void set_lag(std::size_t name, std::size_t node, std::uint64_t bytes);
    // The node's process was replaced; `emptied`: it is the master, and has less data than before.
    void count_restart(std::size_t name, std::size_t node, bool emptied);

    // Whether the node that the series is about, if any, is there.
    bool shows(std::string_view family, const prometheus::ClientMetric& metric) const;

private:
    struct Series {
        std::string server;
        prometheus::Gauge* up = nullptr;
        prometheus::Gauge* loading = nullptr;
        prometheus::Gauge* lag = nullptr;
        prometheus::Counter* restarts = nullptr;
        prometheus::Counter* emptied = nullptr;
        bool absent = false;
    };

    const NameMetrics& names_;
    prometheus::Family<prometheus::Gauge>& up_;
    prometheus::Family<prometheus::Gauge>& loading_;
    prometheus::Family<prometheus::Gauge>& lag_;
    prometheus::Family<prometheus::Counter>& restarts_;
    prometheus::Family<prometheus::Counter>& emptied_;
    std::map<std::size_t, std::vector<Series>> by_name_;
};

}  // namespace spoa::telemetry
