#include "config/yaml_tree.hpp"

#include "config/tree_builder.hpp"

#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cctype>
#include <sstream>

namespace spoa::config {
namespace {

// yaml-cpp reads 0x04 as the end of the text, and a zero byte as UTF-16: either would hide the rest
// of the file from us.
std::optional<Place> find_control_character(std::string_view text)
{
    Place place{1, 1};
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte < 0x20U && c != '\t' && c != '\n' && c != '\r') || byte == 0x7fU)
            return place;
        ++place.column;
        if (c == '\n')
            place = {place.line + 1, 1};
    }
    return std::nullopt;
}

std::string_view line_of(std::string_view text, int line)
{
    for (int i = 1; i < line; ++i) {
        const auto end = text.find('\n');
        if (end == std::string_view::npos)
            return {};
        text.remove_prefix(end + 1);
    }
    return text.substr(0, text.find('\n'));
}

// What most often stands behind an error in such a line.
std::string_view hint(std::string_view reason, std::string_view line)
{
    const auto bracket = line.find("]:");
    if (bracket != std::string_view::npos && bracket + 2 < line.size() &&
        std::isdigit(static_cast<unsigned char>(line[bracket + 2])) != 0)
        return "; an IPv6 address needs quotes: \"[2001:db8::1]:6379\"";
    if (line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string_view::npos)
        return "; indent with blanks, not with tabs";
    if (reason == "illegal map value" || reason == "end of map not found" ||
        reason == "end of sequence not found")
        return "; look for a wrong indentation, or a colon without a blank after it";
    return {};
}

// Without what some versions add after a colon: it is text of the file, perhaps of a password.
std::string reason_of(const YAML::Exception& e)
{
    return e.msg.substr(0, e.msg.find(':'));
}

void report_syntax(const YAML::Exception& e, std::string_view text, Report& report)
{
    const auto place = place_of(e.mark);
    const auto reason = reason_of(e);
    const auto line = line_of(text, place.line);
    report.error(place, "not valid YAML: " + reason + std::string(hint(reason, line)));
}

}  // namespace

NodePtr parse_yaml(std::string_view text, Report& report)
{
    if (text.size() > largest_text) {
        report.error({}, "the file is larger than 1 MiB");
        return nullptr;
    }
    if (const auto place = find_control_character(text)) {
        report.error(*place, "a control character; the file must be plain text in UTF-8");
        return nullptr;
    }

    std::istringstream in{std::string(text)};
    TreeBuilder builder;
    try {
        YAML::Parser parser(in);
        if (parser.HandleNextDocument(builder))
            parser.HandleNextDocument(builder);  // there must be none
    } catch (const YAML::Exception& e) {
        report_syntax(e, text, report);
        return nullptr;
    } catch (const Refused& refused) {
        report.error(refused.place, refused.reason);
        return nullptr;
    }
    if (!builder.root() || builder.root()->kind == TreeNode::Kind::nothing) {
        report.error({}, "the file is empty; sentinels.addresses and masters must be set");
        return nullptr;
    }
    return builder.root();
}

}  // namespace spoa::config
