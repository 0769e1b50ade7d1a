// Text of the file as a diagnostic may show it.
//
// A slip of the pen can put a password where no password belongs: `password:hunter2` without its
// space is a plain word of YAML, and a line indented too far is glued to the value above it. No
// setting holds a blank, so a value is shown up to its first one, and a key up to the first
// character that no key has.
#pragma once

#include <string>
#include <string_view>

namespace spoa::config {

// 'text', cut at the first blank and at 96 bytes.
std::string in_quotes(std::string_view text);

// 'key', cut at the first character that is not a letter, digit, '_', '-' or '.'.
std::string key_in_quotes(std::string_view key);

}  // namespace spoa::config
