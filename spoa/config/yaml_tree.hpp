// A YAML text as a tree in which every node knows its place.
//
// Built from the events of yaml-cpp, not from its own nodes: those have no limit to what a small
// hostile text makes of them (nested aliases; `{},`, on which YAML::LoadAll never returns), and
// YAML::Load ignores whatever follows the first document.
#pragma once

#include "config/report.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spoa::config {

struct TreeNode;
// Shared, because an alias is the node of its anchor.
using NodePtr = std::shared_ptr<const TreeNode>;

struct TreeNode {
    enum class Kind { nothing, text, list, mapping };

    Kind kind = Kind::nothing;
    Place place;                                       // of nothing: its key
    std::string text;                                  // of a text
    bool quoted = false;                               // the text stands in quotes
    std::vector<NodePtr> items;                        // of a list
    std::vector<std::pair<NodePtr, NodePtr>> entries;  // of a mapping, duplicates included
    std::size_t size = 1;                              // nodes in it, with every alias expanded
};

inline constexpr std::size_t largest_text = 1'048'576;
inline constexpr std::size_t deepest_nesting = 32;
inline constexpr std::size_t most_nodes = 100'000;

// The one document of a text; after an error null, and the error in `report`.
NodePtr parse_yaml(std::string_view text, Report& report);

}  // namespace spoa::config
