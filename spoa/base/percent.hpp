// Any text as part of a URL, or of another text in which blanks and signs mean something (RFC 3986,
// 2.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace spoa {

// Returns the text with each byte other than letters, digits, '-', '.', '_' and '~' as '%' and two
// hexadecimal digits.
std::string percent_encoded(std::string_view text);

// The inverse, where all other bytes stand for themselves; '+' too, which is no blank. Nothing when
// a '%' is not followed by two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace spoa
