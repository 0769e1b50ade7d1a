// The parts of one name on the status page, each made of what /v1/masters/NAME answers.
#pragma once

#include "telemetry/page_table.hpp"

#include <string_view>

namespace spoa::telemetry {

Html sentinels_section(const PageJson& master);
Html nodes_section(const PageJson& master);
Html haproxies_section(const PageJson& master);

// Where reads go and why not elsewhere, and the nutcrackers that follow; empty where none is
// configured.
Html reads_section(const PageJson& master);
Html twemproxies_section(const PageJson& master);

// The last failovers with their phases; `now` is the moment of the report.
Html failovers_section(const PageJson& master, std::string_view now);

// The last changes of the verdict.
Html changes_section(const PageJson& master, std::string_view now);

}  // namespace spoa::telemetry
