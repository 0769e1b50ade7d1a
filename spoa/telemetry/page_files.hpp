// The files of telemetry/page/, which CMake puts into the program (page_files.cpp.in).
#pragma once

#include <string_view>

namespace spoa::telemetry::page_files {

extern const std::string_view page_html;
extern const std::string_view page_css;
extern const std::string_view page_js;

}  // namespace spoa::telemetry::page_files
