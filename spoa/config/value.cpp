#include "config/value.hpp"

#include "config/address.hpp"
#include "config/quoted.hpp"
#include "config/suggest.hpp"
#include "config/units.hpp"

#include <charconv>

namespace spoa::config {
namespace {

std::string_view kind_of(const TreeNode& node)
{
    switch (node.kind) {
        case TreeNode::Kind::nothing: return "nothing";
        case TreeNode::Kind::text: return "a text";
        case TreeNode::Kind::list: return "a list";
        case TreeNode::Kind::mapping: return "a mapping";
    }
    return "something else";
}

// The text of a scalar for which `expected` says what it should be.
const std::string* text_of(const Value& value, std::string_view expected, Report& report)
{
    if (value.node->kind == TreeNode::Kind::text)
        return &value.node->text;
    report_type(value, expected, report);
    return nullptr;
}

void report_value(const Value& value, const std::string& problem, Report& report)
{
    report.error(value.place(), value.name + ": " + problem);
}

// The text of an address. Without quotes, the brackets of IPv6 are a list of YAML.
const std::string* address_of(const Value& value, std::string expected, Report& report)
{
    const auto kind = value.node->kind;
    if (kind == TreeNode::Kind::list || kind == TreeNode::Kind::mapping)
        expected += " (an IPv6 address in quotes)";
    return text_of(value, expected, report);
}

}  // namespace

// The text itself is not shown: where a mapping is expected it may be `password:…`.
void report_type(const Value& value, std::string_view expected, Report& report)
{
    report_value(
        value,
        "expected " + std::string(expected) + ", found " + std::string(kind_of(*value.node)),
        report);
}

std::optional<std::string> read_text(const Value& value, Report& report)
{
    const auto* const text = text_of(value, "a text", report);
    return text ? std::optional(*text) : std::nullopt;
}

std::optional<unsigned> read_number(const Value& value, Range<unsigned> range, Report& report)
{
    const auto* const text = text_of(value, "a whole number", report);
    if (!text)
        return std::nullopt;

    const bool digits =
        !text->empty() && text->find_first_not_of("0123456789") == std::string::npos;
    unsigned number = 0;
    const auto* const end = text->data() + text->size();
    const auto error = std::from_chars(text->data(), end, number).ec;
    if (!digits) {
        report_value(value, "expected a whole number, found " + in_quotes(*text), report);
    } else if (error != std::errc() || number < range.least || number > range.most) {
        report_value(
            value,
            in_quotes(*text) + " is out of range; " + std::to_string(range.least) + " to " +
                std::to_string(range.most),
            report);
    } else {
        return number;
    }
    return std::nullopt;
}

std::optional<std::chrono::milliseconds> read_duration(
    const Value& value, Range<std::chrono::milliseconds> range, Report& report)
{
    const auto* const text = text_of(value, "a duration like 500ms", report);
    if (!text)
        return std::nullopt;
    const auto duration = parse_duration(*text);
    if (!duration) {
        report_value(value, duration.error().text, report);
    } else if (*duration < range.least || *duration > range.most) {
        report_value(
            value,
            in_quotes(*text) + " is out of range; " + to_string(range.least) + " to " +
                to_string(range.most),
            report);
    } else {
        return *duration;
    }
    return std::nullopt;
}

std::optional<std::uint64_t> read_size(
    const Value& value, Range<std::uint64_t> range, Report& report)
{
    const auto* const text = text_of(value, "a size like 1MiB", report);
    if (!text)
        return std::nullopt;
    const auto size = parse_size(*text);
    if (!size) {
        report_value(value, size.error().text, report);
    } else if (*size < range.least || *size > range.most) {
        report_value(
            value,
            in_quotes(*text) + " is out of range; " + size_text(range.least) + " to " +
                size_text(range.most),
            report);
    } else {
        return *size;
    }
    return std::nullopt;
}

std::optional<std::size_t> read_choice(
    const Value& value, std::span<const std::string_view> words, Report& report)
{
    const auto expected = joined(words, "or");
    const auto* const text = text_of(value, expected, report);
    if (!text)
        return std::nullopt;
    for (std::size_t i = 0; i < words.size(); ++i)
        if (*text == words[i])
            return i;

    auto problem = "expected " + expected + ", found " + in_quotes(*text);
    if (const auto meant = nearest(*text, words))
        problem += "; did you mean '" + std::string(*meant) + "'?";
    report_value(value, problem, report);
    return std::nullopt;
}

std::optional<Endpoint> read_peer(const Value& value, std::string_view usual_port, Report& report)
{
    const auto* const text = address_of(value, "host:port", report);
    if (!text)
        return std::nullopt;
    auto endpoint = parse_peer(*text, usual_port);
    if (endpoint)
        return *std::move(endpoint);
    report_value(value, endpoint.error().text, report);
    return std::nullopt;
}

std::optional<SocketAddress> read_listener(
    const Value& value, std::string_view usual_port, Report& report)
{
    const auto* const text = address_of(value, "host:port or unix:/path", report);
    if (!text)
        return std::nullopt;
    auto address = parse_listener(*text, usual_port);
    if (address)
        return *std::move(address);
    report_value(value, address.error().text, report);
    return std::nullopt;
}

std::vector<Value> read_list(const Value& value, Report& report)
{
    std::vector<Value> out;
    if (value.node->kind != TreeNode::Kind::list)
        report_type(value, "a list", report);
    else if (value.node->items.empty())
        report_value(value, "the list is empty", report);
    for (const auto& item : value.node->items)
        out.push_back({value.name, item});
    return out;
}

std::vector<Value> read_one_or_more(const Value& value, Report& report)
{
    if (value.node->kind == TreeNode::Kind::list)
        return read_list(value, report);
    return {value};
}

}  // namespace spoa::config
