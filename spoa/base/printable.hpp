#pragma once

#include <string>
#include <string_view>

namespace spoa {

// The text with what would steer a terminal replaced by '?'.
std::string printable(std::string_view text);

}  // namespace spoa
