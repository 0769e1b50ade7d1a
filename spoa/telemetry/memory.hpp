// What the agent remembers across a restart: for each name the master in force and the high-water
// epoch, as JSON. A process that takes over from a running one is handed its doubts as well. Pure;
// reading and writing is the daemon's.
#pragma once

#include "monitor/saved_master.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::telemetry {

// `hidden` is what else a process that takes over is handed: what no text of a peer shows.
std::string encode_memory(
    const std::vector<monitor::SavedMaster>& all, const std::vector<std::string>& hidden = {});

// That again; nothing where it is missing.
std::vector<std::string> decode_hidden(std::string_view text);

// Nothing when the text is not what encode_memory writes: a torn or foreign file.
std::optional<std::vector<monitor::SavedMaster>> decode_memory(std::string_view text);

}  // namespace spoa::telemetry
