#include "base/identifier.hpp"

namespace spoa {

std::string identifier_of(std::string_view name)
{
    constexpr std::string_view kept =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const char c : name) {
        if (kept.find(c) != std::string_view::npos) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += ':';
        out += digits[byte >> 4U];
        out += digits[byte & 0xfU];
    }
    return out;
}

}  // namespace spoa
