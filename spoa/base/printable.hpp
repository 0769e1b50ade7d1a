#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace spoa {

// Returns the text on one line, with '?' for each byte of what would steer a terminal or is no
// UTF-8: control characters (also C1), and the invisible ones that hide text or turn its direction.
// A text of more than `longest` bytes is cut between two characters and ends with "…".
std::string printable(std::string_view text, std::size_t longest = std::string_view::npos);

// The same for several lines: keeps each '\n'.
std::string printable_lines(std::string_view text);

}  // namespace spoa
