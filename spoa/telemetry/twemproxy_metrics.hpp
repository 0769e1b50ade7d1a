#pragma once

#include "telemetry/families.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace spoa::telemetry {

// What became of an attempt to change nutcracker's file.
enum class TwemproxyResult { updated, failed, rolled_back, dry_run };

// The metrics of nutcracker's pools that follow a master.
class TwemproxyMetrics {
public:
    explicit TwemproxyMetrics(Families& families);

    // A pool follows, until it is removed as often as it was added. Returns its number: that of
    // before for a pool that was here already.
    std::size_t add_pool(const std::string& pool);
    void remove_pool(std::size_t pool);
    void count(std::size_t pool, TwemproxyResult result);
    void set_follows(std::size_t pool, bool follows);
    // From the restart command to the first PONG.
    void observe_restart(std::chrono::nanoseconds took);

    // Whether the pool that the series is about, if any, is there.
    bool shows(const prometheus::ClientMetric& metric) const;

private:
    struct Pool {
        std::string name;
        std::size_t users = 0;                          // those who added it and did not remove it
        std::array<prometheus::Counter*, 4> results{};  // by TwemproxyResult
        prometheus::Gauge* follows = nullptr;
    };

    prometheus::Family<prometheus::Counter>& updates_;
    prometheus::Family<prometheus::Gauge>& follows_;
    prometheus::Histogram& restart_;
    std::vector<Pool> pools_;
};

}  // namespace spoa::telemetry
