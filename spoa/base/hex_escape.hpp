#pragma once

#include <string>
#include <string_view>

namespace spoa {

inline constexpr std::string_view lower_hex = "0123456789abcdef";
inline constexpr std::string_view upper_hex = "0123456789ABCDEF";

// Returns the text with each byte other than ASCII letters, digits and those of `kept` as `mark`
// and two of `digits`. No two texts become one as long as `mark` is not in `kept`.
std::string hex_escaped(
    std::string_view text, std::string_view kept, char mark, std::string_view digits);

}  // namespace spoa
