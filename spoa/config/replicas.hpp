#pragma once

#include "config/config.hpp"
#include "config/section.hpp"

#include <optional>

namespace spoa::config {

// The mapping `replicas` of a master whose other keys have been read into `out`; nothing where
// there is none.
std::optional<verdict::ReplicaPolicy> read_replicas(
    const Section& master, const Master& out, Report& report);

}  // namespace spoa::config
