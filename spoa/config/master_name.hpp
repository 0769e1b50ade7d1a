// The name of a master, as in `sentinel monitor NAME …`.
//
// Sentinel refuses none. What is refused here cannot be shown, or is too long for one of Sentinel's
// events; what breaks a Sentinel later on is warned of.
#pragma once

#include "config/value.hpp"

#include <string>
#include <string_view>

namespace spoa::config {

inline constexpr std::size_t longest_master_name = 128;  // bytes

// Reads a name, and reports what is wrong with it. Empty when it cannot be one.
std::string read_master_name(const Value& value, Report& report);

// 'name', whole: for one that was read as such.
std::string name_in_quotes(std::string_view name);

}  // namespace spoa::config
