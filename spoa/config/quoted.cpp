#include "config/quoted.hpp"

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

std::string printable(std::string_view text)
{
    std::string out(text);
    for (std::size_t i = 0; i < out.size(); ++i) {
        const auto c = static_cast<unsigned char>(out[i]);
        const auto before = i == 0 ? 0U : static_cast<unsigned char>(out[i - 1]);
        const bool c1 = before == 0xc2U && c >= 0x80U && c < 0xa0U;
        if (c < 0x20U || c == 0x7fU)
            out[i] = '?';
        else if (c1)
            out[i] = out[i - 1] = '?';
    }
    return out;
}

}  // namespace spoa::config
