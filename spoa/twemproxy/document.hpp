#pragma once

#include "config/parsed.hpp"
#include "config/yaml_tree.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace spoa::twemproxy {

// A nutcracker.yml as a tree, with the way back from a place in the tree to a byte of the text.
struct Document {
    config::NodePtr root;            // a mapping
    std::vector<std::size_t> lines;  // where each line begins

    std::size_t offset_of(config::Place place) const;
};

// A sentence for what is no YAML, or no mapping.
config::Parsed<Document> read_document(std::string_view text);

// Whether both trees say the same. Places do not count.
bool is_same(const config::TreeNode& a, const config::TreeNode& b);

}  // namespace spoa::twemproxy
