#include "base/printable.hpp"

namespace spoa {

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

}  // namespace spoa
