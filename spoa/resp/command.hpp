#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace spoa::resp {

// Appends one command in RESP, `*2\r\n$4\r\nPING…`; words may hold any bytes.
void put_command(std::string& out, std::span<const std::string_view> words);
void put_command(std::string& out, std::initializer_list<std::string_view> words);

}  // namespace spoa::resp
