#pragma once

#include "haproxy_api/read_wish.hpp"
#include "haproxy_api/wish.hpp"
#include "monitor/release.hpp"
#include "verdict/failover.hpp"
#include "verdict/replica_watch.hpp"
#include "verdict/watch.hpp"

#include <optional>
#include <vector>

namespace spoa::monitor {

// All that is concluded about one name, from one judgement to the next. MonitoredNames changes it;
// others read.
struct MonitoredName {
    verdict::Watch watch;
    verdict::Course course{};
    verdict::ReplicaWatch replicas{};
    haproxy_api::Wishes wishes{};           // how HAProxy's servers should be
    haproxy_api::ReadWishes read_wishes{};  // the same in the backends for reads
    Release release{};
    std::vector<Endpoint> unmapped{};  // replicas that may be promoted and have no server
    bool in_use = true;                // it is in the configuration

    // When something about the name changes by itself, if nothing is heard.
    std::optional<verdict::TimePoint> look_again() const;

    // Derives from the verdict and the reads how HAProxy's servers should be. True when that is
    // news.
    bool want(verdict::TimePoint now);
};

}  // namespace spoa::monitor
