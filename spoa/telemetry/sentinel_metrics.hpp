#pragma once

#include "telemetry/families.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace spoa::telemetry {

// The metrics of the Sentinels. One is known by its place in the configuration.
class SentinelMetrics {
public:
    explicit SentinelMetrics(Families& families);

    // The configured ones: no others are shown. The series of one that was here before go on from
    // where they were.
    void set(const std::vector<std::string>& addresses);
    void set_up(std::size_t sentinel, bool up);
    // Its events are not heard for a while, for being too many.
    void count_flood(std::size_t sentinel);
    // How long it took to answer.
    void observe_query(std::size_t sentinel, std::chrono::nanoseconds took);

    // Whether the Sentinel that the series is about, if any, is configured.
    bool shows(const prometheus::ClientMetric& metric) const;

private:
    struct Series {
        std::string address;
        prometheus::Gauge* up = nullptr;
        prometheus::Counter* floods = nullptr;
        prometheus::Histogram* query_duration = nullptr;
    };

    prometheus::Gauge& configured_;
    prometheus::Family<prometheus::Gauge>& up_;
    prometheus::Family<prometheus::Counter>& floods_;
    prometheus::Family<prometheus::Histogram>& query_duration_;
    std::vector<Series> sentinels_;
};

}  // namespace spoa::telemetry
