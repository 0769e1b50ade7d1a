#pragma once

#include "config/yaml_tree.hpp"

#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>

#include <map>

namespace spoa::config {

// Thrown through yaml-cpp to end the reading of a text that parses but that we do not take.
struct Refused {
    Place place;
    std::string reason;
};

Place place_of(const YAML::Mark& mark);

// Makes a tree of the events of one document; throws Refused when it is too big or a second
// document begins.
class TreeBuilder final : public YAML::EventHandler {
public:
    // Null before the end of the document.
    NodePtr root() const { return root_; }

    void OnDocumentStart(const YAML::Mark& mark) override;
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
    void OnScalar(
        const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
        const std::string& value) override;
    void OnSequenceStart(
        const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
        YAML::EmitterStyle::value style) override;
    void OnSequenceEnd() override { close(); }
    void OnMapStart(
        const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
        YAML::EmitterStyle::value style) override;
    void OnMapEnd() override { close(); }

private:
    // A list or mapping whose end has not come yet.
    struct Open {
        std::shared_ptr<TreeNode> node;
        YAML::anchor_t anchor;
        NodePtr key;  // of a mapping: the key whose value comes next
    };

    void open(TreeNode::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor);
    void close();
    void add(std::shared_ptr<TreeNode> node, YAML::anchor_t anchor);
    void attach(NodePtr node);

    std::vector<Open> open_;
    std::map<YAML::anchor_t, NodePtr> anchors_;
    std::size_t nodes_ = 0;  // seen so far, with every alias expanded
    bool started_ = false;
    NodePtr root_;
};

}  // namespace spoa::config
