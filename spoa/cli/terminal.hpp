#pragma once

#include "telemetry/table.hpp"

#include <cstddef>

namespace spoa::cli {

bool stdout_is_terminal();

// How to write on stdout: in colour on a terminal that has some, unless NO_COLOR is set
// (no-color.org), and as wide as COLUMNS says or the terminal is; else as wide as it comes.
telemetry::TextStyle stdout_style();

// The lines of the terminal on stdout; 0 where it is none.
std::size_t stdout_height();

}  // namespace spoa::cli
