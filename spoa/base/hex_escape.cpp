#include "base/hex_escape.hpp"

namespace spoa {

std::string hex_escaped(
    std::string_view text, std::string_view kept, char mark, std::string_view digits)
{
    constexpr std::string_view plain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    std::string out;
    for (const char c : text) {
        if (plain.find(c) != std::string_view::npos || kept.find(c) != std::string_view::npos) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += mark;
        out += digits[byte >> 4U];
        out += digits[byte & 0xfU];
    }
    return out;
}

}  // namespace spoa
