#include "config/quoted.hpp"

#include "base/printable.hpp"

namespace spoa::config {
namespace {

constexpr std::size_t longest = 96;
constexpr std::string_view key_characters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";

std::string shown(std::string_view text, std::size_t cut)
{
    cut = std::min(cut, longest);
    if (cut >= text.size())
        return '\'' + printable(text) + '\'';
    while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xc0U) == 0x80U)
        --cut;  // not in the middle of a UTF-8 character
    return '\'' + printable(text.substr(0, cut)) + "…'";
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
