// What the sections of the status page are made of: tables, and what their cells hold.
#pragma once

#include "telemetry/html.hpp"

#include <nlohmann/json.hpp>

#include <initializer_list>
#include <string>
#include <string_view>

namespace spoa::telemetry {

using PageJson = nlohmann::json;

// A string of the object, or `otherwise` where it is missing or null.
std::string text_of(const PageJson& object, const char* key, std::string_view otherwise = {});

// A number of the object with its digits in groups, and its `age_ms`; a dash where they are
// missing.
std::string number_of(const PageJson& object, const char* key);
std::string age_of(const PageJson& object, const char* key = "age_ms");

// A part of a name's card: a heading and what is below it.
Html section(Literal css_class, Literal heading, const Html& content);

// The columns whose heading begins with `#` hold numbers.
Html table(
    std::string_view caption, std::initializer_list<std::string_view> headings, const Html& rows);
Html row(const Html& cells);
Html row_heading(const Html& content);
Html cell(const Html& content);
Html number_cell(std::string_view text);

Html small(std::string_view text);  // nothing when there is none
Html bad(std::string_view text);

}  // namespace spoa::telemetry
