#include "config/ranges.hpp"

#include "config/parsed.hpp"
#include "config/quoted.hpp"

#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace spoa::config {
namespace {

// One range and what is before it.
struct Part {
    std::string before;
    unsigned first = 0;
    std::size_t count = 0;
};

// A text with ranges, taken apart.
struct Pattern {
    std::vector<Part> parts;
    std::string after;

    std::string at(std::size_t number) const
    {
        std::string out;
        for (const auto& part : parts)
            out += part.before + std::to_string(part.first + number);
        return out + after;
    }
};

bool has_brace(std::string_view text)
{
    return text.find_first_of("{}") != std::string_view::npos;
}

// A number as people count, without zeros before it: `007` would be another name than `7`.
std::optional<unsigned> number_in(std::string_view text)
{
    constexpr unsigned most = 99'999;
    unsigned number = 0;
    const auto* const end = text.data() + text.size();
    const auto [parsed, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || parsed != end || number > most ||
        (text.size() > 1 && text.front() == '0'))
        return std::nullopt;
    return number;
}

// Reads what is between the braces.
Parsed<Part> parse_range(std::string_view text)
{
    const auto shown = '{' + std::string(text) + '}';
    const auto dots = text.find("..");
    const auto first = number_in(text.substr(0, dots));
    const auto last =
        dots == std::string_view::npos ? std::nullopt : number_in(text.substr(dots + 2));
    if (!first || !last)
        return Problem{in_quotes(shown) + " is no range; write {0..8}, for 0 to 8"};
    if (*first > *last)
        return Problem{in_quotes(shown) + " counts down; write the smaller number first"};
    const auto count = std::size_t{*last} - *first + 1;
    if (count > most_in_ranges)
        return Problem{
            in_quotes(shown) + " has " + std::to_string(count) + " numbers; at most " +
            std::to_string(most_in_ranges) + " are taken"};
    return Part{{}, *first, count};
}

Parsed<Pattern> parse_pattern(std::string_view text)
{
    Pattern out;
    for (auto open = text.find('{'); open != std::string_view::npos; open = text.find('{')) {
        const auto close = text.find('}', open);
        if (close == std::string_view::npos)
            return Problem{in_quotes(text) + ": the range has no end; write {0..8}"};
        auto part = parse_range(text.substr(open + 1, close - open - 1));
        if (!part)
            return part.error();
        part->before = text.substr(0, open);
        if (!out.parts.empty() && out.parts.front().count != part->count)
            return Problem{
                "the ranges have " + std::to_string(out.parts.front().count) + " and " +
                std::to_string(part->count) + " numbers; give them as many"};
        out.parts.push_back(*std::move(part));
        text.remove_prefix(close + 1);
    }
    out.after = text;
    return out;
}

// The texts of a value: itself, or the items of a list.
std::vector<NodePtr> texts_of(const NodePtr& node)
{
    return node->kind == TreeNode::Kind::list ? node->items : std::vector<NodePtr>{node};
}

NodePtr with_text(const NodePtr& node, std::string text)
{
    auto copy = std::make_shared<TreeNode>(*node);
    copy->text = std::move(text);
    return copy;
}

// The value as it is for each number of the key's range; nothing, and reported, when its own ranges
// do not fit.
std::optional<std::vector<NodePtr>> expand(
    const std::string& who, const NodePtr& node, std::size_t count, Report& report)
{
    std::vector<NodePtr> out;
    for (std::size_t number = 0; number < count; ++number)
        out.push_back(std::make_shared<TreeNode>(*node));
    std::vector<std::vector<NodePtr>> items(count);
    for (const auto& text : texts_of(node)) {
        const auto pattern = parse_pattern(text->text);
        std::string wrong;
        if (!pattern)
            wrong = pattern.error().text;
        else if (pattern->parts.empty())
            wrong = in_quotes(text->text) + " has no range, so that all " + std::to_string(count) +
                    " would be the same node; write one there too";
        else if (pattern->parts.front().count != count)
            wrong = in_quotes(text->text) + " has " + std::to_string(pattern->parts.front().count) +
                    " numbers, and the name has " + std::to_string(count) + "; give them as many";
        if (!wrong.empty()) {
            report.error(text->place, who + ": " + wrong);
            return std::nullopt;
        }
        for (std::size_t number = 0; number < count; ++number)
            items[number].push_back(with_text(text, pattern->at(number)));
    }
    for (std::size_t number = 0; number < count; ++number) {
        if (node->kind != TreeNode::Kind::list) {
            out[number] = items[number].front();
            continue;
        }
        auto list = std::make_shared<TreeNode>(*node);
        list->items = std::move(items[number]);
        out[number] = std::move(list);
    }
    return out;
}

// Appends the entries that one of the file stands for. `left`: how many more may come of ranges.
void add(
    const Entry& entry, const std::string& section, std::size_t& left, std::vector<Entry>& out,
    Report& report)
{
    const auto who = section + ' ' + in_quotes(entry.key);
    const auto pattern = parse_pattern(entry.key);
    if (!pattern) {
        report.error(entry.place, section + ": " + pattern.error().text);
        return;
    }
    if (pattern->parts.empty()) {
        for (const auto& text : texts_of(entry.value.node))
            if (has_brace(text->text)) {
                report.error(text->place, who + ": the address has a range, and the name has none");
                return;
            }
        out.push_back(entry);
        return;
    }
    if (pattern->parts.size() > 1) {
        report.error(entry.place, who + ": a name has one range");
        return;
    }
    const auto count = pattern->parts.front().count;
    if (count > left) {
        report.error(
            entry.place,
            who + ": the ranges have more than " + std::to_string(most_in_ranges) +
                " numbers together");
        return;
    }
    left -= count;
    const auto values = expand(who, entry.value.node, count, report);
    if (!values)
        return;
    auto note = who + " stands for ";
    for (std::size_t number = 0; number < count; ++number) {
        const auto& node = (*values)[number];
        out.push_back({pattern->at(number), entry.place, {entry.value.name, node}});
        note += (number == 0 ? "" : ", ") + pattern->at(number);
        for (const auto& text : texts_of(node))
            note += ' ' + text->text;
    }
    report.note(entry.place, note);
}

}  // namespace

std::vector<Entry> read_ranged_entries(const Value& value, Report& report)
{
    std::vector<Entry> all;
    auto left = most_in_ranges;
    for (const auto& entry : read_entries(value, report))
        add(entry, value.name, left, all, report);

    std::vector<Entry> out;
    std::map<std::string, Place> seen;
    for (auto& entry : all) {
        const auto [first, is_new] = seen.emplace(entry.key, entry.place);
        if (is_new)
            out.push_back(std::move(entry));
        else
            report.error(
                entry.place,
                value.name + ": " + in_quotes(entry.key) + " is there already, by line " +
                    std::to_string(first->second.line));
    }
    return out;
}

}  // namespace spoa::config
