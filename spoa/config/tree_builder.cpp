#include "config/tree_builder.hpp"

#include <memory>
#include <utility>

namespace spoa::config {
namespace {

std::shared_ptr<TreeNode> make_node(TreeNode::Kind kind, const YAML::Mark& mark)
{
    auto node = std::make_shared<TreeNode>();
    node->kind = kind;
    node->place = place_of(mark);
    return node;
}

}  // namespace

Place place_of(const YAML::Mark& mark)
{
    return {mark.line + 1, mark.column + 1};
}

void TreeBuilder::OnDocumentStart(const YAML::Mark& mark)
{
    if (std::exchange(started_, true))
        throw Refused{
            place_of(mark), "the configuration is one YAML document, and it ends before this"};
}

void TreeBuilder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor)
{
    auto node = make_node(TreeNode::Kind::nothing, mark);
    // yaml-cpp places an omitted value at whatever comes next, often lines below.
    if (!open_.empty() && open_.back().key)
        node->place = open_.back().key->place;
    add(std::move(node), anchor);
}

void TreeBuilder::OnScalar(
    const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value)
{
    auto node = make_node(TreeNode::Kind::text, mark);
    node->text = value;
    node->quoted = tag == "!";  // as yaml-cpp calls what stands in quotes
    add(std::move(node), anchor);
}

void TreeBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor)
{
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end())
        throw Refused{place_of(mark), "an alias cannot stand inside the node it names"};
    nodes_ += found->second->size - 1;
    attach(found->second);
}

void TreeBuilder::OnSequenceStart(
    const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
    YAML::EmitterStyle::value /*style*/)
{
    open(TreeNode::Kind::list, mark, anchor);
}

void TreeBuilder::OnMapStart(
    const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
    YAML::EmitterStyle::value /*style*/)
{
    open(TreeNode::Kind::mapping, mark, anchor);
}

void TreeBuilder::open(TreeNode::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor)
{
    if (open_.size() == deepest_nesting)
        throw Refused{place_of(mark), "nested too deep; no setting is"};
    open_.push_back({make_node(kind, mark), anchor, nullptr});
}

void TreeBuilder::close()
{
    auto done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done.node), done.anchor);
}

// An anchor is known once its node is whole, so no node can contain itself.
void TreeBuilder::add(std::shared_ptr<TreeNode> node, YAML::anchor_t anchor)
{
    if (anchor != YAML::NullAnchor)
        anchors_[anchor] = node;
    attach(std::move(node));
}

void TreeBuilder::attach(NodePtr node)
{
    if (++nodes_ > most_nodes)
        throw Refused{
            node->place, "too much: more than 100000 values, those behind aliases included"};
    if (open_.empty()) {
        root_ = std::move(node);
        return;
    }
    auto& [parent, anchor, key] = open_.back();
    parent->size += node->size;
    if (parent->kind == TreeNode::Kind::list)
        parent->items.push_back(std::move(node));
    else if (!key)
        key = std::move(node);
    else
        parent->entries.emplace_back(std::exchange(key, nullptr), std::move(node));
}

}  // namespace spoa::config
