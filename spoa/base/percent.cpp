#include "base/percent.hpp"

#include "base/hex_escape.hpp"

#include <charconv>
#include <cstdint>

namespace spoa {

std::string percent_encoded(std::string_view text)
{
    return hex_escaped(text, "-._~", '%', upper_hex);
}

std::optional<std::string> percent_decoded(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const auto digits = text.substr(i + 1, 2);
        std::uint8_t byte = 0;
        const auto* const end = digits.data() + digits.size();
        const auto [parsed, error] = std::from_chars(digits.data(), end, byte, 16);
        if (digits.size() != 2 || error != std::errc() || parsed != end)
            return std::nullopt;
        out += static_cast<char>(byte);
        i += 2;
    }
    return out;
}

}  // namespace spoa
