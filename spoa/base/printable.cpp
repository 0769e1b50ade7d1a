#include "base/printable.hpp"

#include <cstdint>

namespace spoa {
namespace {

struct Character {
    std::uint32_t code = 0;
    std::size_t size = 0;  // 0: the text does not begin with a character of UTF-8
};

Character first_of(std::string_view text)
{
    const auto lead = static_cast<unsigned char>(text.front());
    if (lead < 0x80U)
        return {lead, 1};
    const std::size_t size = lead >= 0xf0U ? 4 : lead >= 0xe0U ? 3 : 2;
    if (lead < 0xc2U || lead > 0xf4U || text.size() < size)
        return {};
    std::uint32_t code = lead & (0xffU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if ((byte & 0xc0U) != 0x80U)
            return {};
        code = code << 6U | (byte & 0x3fU);
    }
    constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < least[size] || code > 0x10ffffU || (code >= 0xd800U && code < 0xe000U))
        return {};
    return {code, size};
}

bool steers(std::uint32_t code)
{
    if (code < 0x20U || (code >= 0x7fU && code < 0xa0U))
        return true;
    return code == 0xadU || code == 0x61cU || (code >= 0x200bU && code <= 0x200fU) ||
           (code >= 0x2028U && code <= 0x202eU) || (code >= 0x2060U && code <= 0x206fU) ||
           code == 0xfeffU || (code >= 0xe0000U && code <= 0xe007fU);
}

std::string cleaned(std::string_view text, std::size_t longest, bool keep_lines)
{
    std::string out;
    while (!text.empty()) {
        const auto [code, size] = first_of(text);
        const auto taken = size == 0 ? 1 : size;
        if (taken > longest - out.size())
            return out + "…";
        if (keep_lines && code == '\n' && size == 1)
            out += '\n';
        else if (size == 0 || steers(code))
            out.append(taken, '?');
        else
            out += text.substr(0, taken);
        text.remove_prefix(taken);
    }
    return out;
}

}  // namespace

std::string printable(std::string_view text, std::size_t longest)
{
    return cleaned(text, longest, false);
}

std::string printable_lines(std::string_view text)
{
    return cleaned(text, std::string_view::npos, true);
}

}  // namespace spoa
