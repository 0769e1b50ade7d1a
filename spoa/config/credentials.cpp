#include "config/credentials.hpp"

#include "config/file.hpp"
#include "config/quoted.hpp"

#include <string.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

namespace spoa::config {
namespace {

constexpr std::size_t largest_password = 65'536;

// NAME of a text that is `${NAME}` and nothing else.
std::optional<std::string> variable_in(std::string_view text)
{
    if (!text.starts_with("${") || !text.ends_with('}'))
        return std::nullopt;
    const auto name = text.substr(2, text.size() - 3);
    const auto is_word = [](char c) {
        return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
               (c >= 'a' && c <= 'z');
    };
    if (name.empty() || !std::ranges::all_of(name, is_word))
        return std::nullopt;
    return std::string(name);
}

Secret read_variable(const Value& value, const std::string& name, Report& report)
{
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here ever changes the environment
    const char* const text = std::getenv(name.c_str());
    if (text == nullptr)
        report.error(value.place(), value.name + ": the environment has no variable " + name);
    else if (*text == '\0')
        report.error(
            value.place(), value.name + ": the environment variable " + name + " is empty");
    return Secret(text == nullptr ? "" : text);
}

Secret read_password(const Value& value, const Origin& origin, Report& report)
{
    if (value.node->kind == TreeNode::Kind::nothing) {  // an unquoted # or & is none of the value
        report.error(
            value.place(),
            value.name + ": expected a text, found nothing; write the password in quotes");
        return {};
    }
    const auto text = read_text(value, report);
    if (!text)
        return {};
    if (const auto name = variable_in(*text))
        return read_variable(value, *name, report);

    if (text->empty())
        report.error(value.place(), value.name + ": the password is empty");
    else if (text->find_first_of("\r\n") != std::string::npos)
        report.error(value.place(), value.name + ": the password has a line break");
    else if (origin.world_readable)
        report.warning(
            value.place(),
            value.name +
                ": every user can read this file and the password in it; chmod 640 it, "
                "or use password_file");
    return Secret(*text);
}

// Without the one newline that an editor or `echo` puts at the end.
std::string_view without_newline(std::string_view text)
{
    if (text.ends_with('\n'))
        text.remove_suffix(text.ends_with("\r\n") ? 2 : 1);
    return text;
}

Secret read_password_file(const Value& value, const Origin& origin, Report& report)
{
    const auto name = read_text(value, report);
    if (!name)
        return {};
    if (name->empty()) {
        report.error(value.place(), value.name + ": the file name is empty");
        return {};
    }
    auto file = read_file(place_of_secret(origin.folder / *name), largest_password);
    if (!file) {
        report.error(
            value.place(),
            value.name + ": cannot read " + in_quotes(*name) + ": " + file.error().message());
        return {};
    }
    const auto text = without_newline(file->text);
    if (text.empty())
        report.error(value.place(), value.name + ": the file " + in_quotes(*name) + " is empty");
    else if (file->world_readable)
        report.warning(
            value.place(),
            value.name + ": every user can read " + in_quotes(*name) + "; chmod 640 it");
    Secret secret{std::string(text)};
    ::explicit_bzero(file->text.data(), file->text.size());
    return secret;
}

std::string read_username(const Value& value, Report& report)
{
    auto text = read_text(value, report).value_or(std::string());
    if (value.node->kind == TreeNode::Kind::text &&
        (text.empty() || text.find_first_of(" \t\r\n") != std::string::npos))
        report.error(value.place(), value.name + ": a user name has no blanks and is not empty");
    return text;
}

}  // namespace

Credentials read_credentials(const Section& section, const Origin& origin, Report& report)
{
    const auto username = section.find("username");
    const auto password = section.find("password");
    const auto file = section.find("password_file");

    Credentials out;
    if (username)
        out.username = read_username(*username, report);
    if (password && file)
        report.error(
            std::max(password->place(), file->place()),
            "password and password_file are both given; keep one of them");
    else if (password)
        out.password = read_password(*password, origin, report);
    else if (file)
        out.password = read_password_file(*file, origin, report);
    else if (username)
        report.error(
            username->place(),
            username->name + ": a user name needs a password; add password_file or password");
    return out;
}

}  // namespace spoa::config
