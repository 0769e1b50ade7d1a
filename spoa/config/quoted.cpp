#include "config/quoted.hpp"

#include "base/printable.hpp"

namespace spoa::config {
namespace {

constexpr std::size_t longest = 96;
constexpr std::string_view key_characters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";

std::string shown(std::string_view text, std::size_t cut)
{
    const bool is_whole = cut >= text.size();
    return '\'' + printable(text.substr(0, cut), longest) +
           (is_whole || cut > longest ? "'" : "…'");
}

}  // namespace

std::string in_quotes(std::string_view text)
{
    return shown(text, text.find_first_of(" \t\r\n"));
}

std::string key_in_quotes(std::string_view key)
{
    return shown(key, key.find_first_not_of(key_characters));
}

}  // namespace spoa::config
