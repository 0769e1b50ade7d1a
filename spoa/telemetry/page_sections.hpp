// The parts of one name on the status page, each made of what /v1/masters/NAME answers.
#pragma once

#include "telemetry/html.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace spoa::telemetry {

using PageJson = nlohmann::json;

// A string of the object, or `otherwise` where it is missing or null.
std::string text_of(const PageJson& object, const char* key, std::string_view otherwise = {});

// A part of a name's card: a heading and what is below it.
Html section(Literal css_class, Literal heading, const Html& content);

Html sentinels_section(const PageJson& master);
Html nodes_section(const PageJson& master);
Html haproxies_section(const PageJson& master);

// The last failovers with their phases; `now` is the moment of the report.
Html failovers_section(const PageJson& master, std::string_view now);

// The last changes of the verdict.
Html changes_section(const PageJson& master, std::string_view now);

}  // namespace spoa::telemetry
