#pragma once

#include "config/config.hpp"
#include "config/credentials.hpp"
#include "config/section.hpp"

#include <chrono>
#include <optional>
#include <string_view>

namespace spoa::config {

// Warns when the SPOE file that `spop.spoe_file` names lets HAProxy wait no longer for an answer
// than `policy.wait` lets the agent hold one. Only warnings: the file is HAProxy's, and may not be
// there yet.
void check_spoe_file(
    const Section& root, const Origin& origin, const Config& config, Report& report);

// The least `timeout processing` in the text of a SPOE file; nothing when there is none.
std::optional<std::chrono::milliseconds> processing_timeout(std::string_view text);

}  // namespace spoa::config
