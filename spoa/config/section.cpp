#include "config/section.hpp"

#include "config/quoted.hpp"
#include "config/suggest.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace spoa::config {
namespace {

std::string place_name(const std::string& section)
{
    return section.empty() ? "at the top level" : "in " + section;
}

std::string full_name(const std::string& section, std::string_view key)
{
    return section.empty() ? std::string(key) : section + '.' + std::string(key);
}

// Appends what `source` has and `entries` has not: an earlier key wins.
void merge(
    std::vector<Entry>& entries, std::map<std::string, Place>& seen, std::vector<Entry> source)
{
    for (auto& entry : source)
        if (seen.emplace(entry.key, entry.place).second)
            entries.push_back(std::move(entry));
}

// The mappings that a merge key names: one, or a list of them.
std::vector<Value> merged_values(const Value& value)
{
    if (value.node->kind != TreeNode::Kind::list)
        return {value};
    std::vector<Value> out;
    for (const auto& item : value.node->items)
        out.push_back({value.name, item});
    return out;
}

std::string unknown_key(
    std::string_view key, const std::string& section, std::span<const std::string_view> known)
{
    auto text = "unknown key " + key_in_quotes(key) + ' ' + place_name(section);
    if (key.find(':') != std::string_view::npos)
        return text + "; write a blank after the colon";
    if (const auto meant = nearest(key, known))
        return text + "; did you mean '" + std::string(*meant) + "'?";
    return text + "; known: " + joined(known, "and");
}

}  // namespace

std::vector<Entry> read_entries(const Value& value, Report& report)
{
    std::vector<Entry> out;
    if (value.node->kind != TreeNode::Kind::mapping && value.node->kind != TreeNode::Kind::nothing)
        report_type(value, "a mapping (key: value)", report);

    std::map<std::string, Place> seen;
    std::vector<Value> merges;
    for (const auto& [key, node] : value.node->entries) {
        if (key->kind != TreeNode::Kind::text) {
            report.error(key->place, "a key " + place_name(value.name) + " is not a text");
        } else if (key->text == "<<") {
            merges.push_back({value.name, node});
        } else if (const auto [first, is_new] = seen.emplace(key->text, key->place); !is_new) {
            report.error(
                key->place,
                "duplicate key " + key_in_quotes(key->text) + ' ' + place_name(value.name) +
                    "; first on line " + std::to_string(first->second.line));
        } else {
            out.push_back({key->text, key->place, {full_name(value.name, key->text), node}});
        }
    }
    for (const auto& list : merges)
        for (const auto& source : merged_values(list))
            merge(out, seen, read_entries(source, report));
    return out;
}

Section::Section(const Value& value, std::initializer_list<std::string_view> keys, Report& report)
    : name_(value.name),
      place_(value.place()),
      is_mapping_(
          value.node->kind == TreeNode::Kind::mapping ||
          value.node->kind == TreeNode::Kind::nothing),
      report_(report)
{
    const std::span<const std::string_view> known(keys.begin(), keys.size());
    auto entries = read_entries(value, report);
    for (auto& [key, place, entry] : entries)
        if (std::ranges::find(known, key) != known.end())
            values_.emplace(key, entry);

    // A slip is read as what was meant, so that it does not bring up more than itself: `sentinel:`
    // would leave every Sentinel missing, and what is under it unchecked.
    for (auto& [key, place, entry] : entries) {
        if (std::ranges::find(known, key) != known.end())
            continue;
        report.error(place, unknown_key(key, name_, known));
        if (const auto meant = nearest(key, known))
            values_.emplace(*meant, Value{full_name(name_, *meant), entry.node});
    }
}

std::optional<Value> Section::find(std::string_view key) const
{
    const auto found = values_.find(key);
    return found == values_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Value> Section::require(std::string_view key, std::string_view what) const
{
    auto value = find(key);
    if (!value && is_mapping_)  // what is no mapping has been reported already
        report_.error(
            place_,
            "key '" + std::string(key) + "' is missing " + place_name(name_) + "; " +
                std::string(what));
    return value;
}

Section Section::section(std::string_view key, std::initializer_list<std::string_view> keys) const
{
    if (const auto value = find(key))
        return Section(*value, keys, report_);
    auto nothing = std::make_shared<TreeNode>();
    nothing->place = place_;
    return Section(Value{full_name(name_, key), std::move(nothing)}, keys, report_);
}

}  // namespace spoa::config
