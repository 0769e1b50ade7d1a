#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace spoa::config {

// How many letters must be changed, added, dropped or swapped with their neighbour to turn `a`
// into `b`. Upper and lower case are the same.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate most like `word`, if one is near enough to be what was meant.
std::optional<std::string_view> nearest(
    std::string_view word, std::span<const std::string_view> candidates);

// `a, b or c`, the last joined by `last_joint`.
std::string joined(std::span<const std::string_view> words, std::string_view last_joint);

}  // namespace spoa::config
