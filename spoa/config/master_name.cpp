#include "config/master_name.hpp"

#include "base/identifier.hpp"
#include "base/printable.hpp"
#include "config/quoted.hpp"

namespace spoa::config {
namespace {

// What makes it no name; empty when nothing does.
std::string complaint(const std::string& name, bool quoted)
{
    if (name.empty())
        return "the name is empty";
    if (printable(name) != name)
        return in_quotes(name) +
               " has a character that cannot be shown, or bytes that are no UTF-8";
    if (name.size() > longest_master_name)
        return in_quotes(name) + " is longer than " + std::to_string(longest_master_name) +
               " bytes";
    // Else a line that is indented too far would be part of the name, and be shown with it.
    if (!quoted && name.find(' ') != std::string::npos)
        return in_quotes(name) + " has a blank; put the name in quotes if that is meant";
    return {};
}

// What Sentinel takes, and will not get over; empty when there is nothing.
std::string caution(const std::string& name)
{
    if (name.find_first_of(" \"'") != std::string::npos)
        return "Sentinel writes such a name into its file without quotes, and cannot be started "
               "with that file again";
    if (name.find(',') != std::string::npos)
        return "Sentinels separate what they tell each other by commas, and will not find each "
               "other by such a name";
    return {};
}

}  // namespace

std::string read_master_name(const Value& value, Report& report)
{
    const auto text = read_text(value, report);
    if (!text)
        return {};
    if (const auto wrong = complaint(*text, value.node->quoted); !wrong.empty()) {
        report.error(value.place(), value.name + ": " + wrong);
        return {};
    }
    const auto who = value.name + ": " + name_in_quotes(*text) + ": ";
    if (const auto doubt = caution(*text); !doubt.empty())
        report.warning(value.place(), who + doubt);
    if (const auto identifier = identifier_of(*text); identifier != *text)
        report.note(
            value.place(),
            who + "in names of HAProxy's own, such as those of backends, it is written " +
                identifier);
    return *text;
}

std::string name_in_quotes(std::string_view name)
{
    return '\'' + printable(name, longest_master_name) + '\'';
}

}  // namespace spoa::config
