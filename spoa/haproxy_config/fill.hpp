#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace spoa::haproxy_config {

using Blanks = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// Puts values into the @BLANKS@ of a text. Values are not looked at again, so an @ in them is
// only an @. Every blank of the text must have its value.
std::string fill(std::string_view text, Blanks values);

}  // namespace spoa::haproxy_config
