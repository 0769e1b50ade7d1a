#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace spoa::resp {

// Appends one command in RESP, `*2\r\n$4\r\nPING…`; words may hold any bytes.
void put_command(std::string& out, std::span<const std::string_view> words);
void put_command(std::string& out, std::initializer_list<std::string_view> words);

// Appends AUTH: with a username the login of an ACL user, without one that of requirepass.
void put_auth(std::string& out, std::string_view username, std::string_view password);

}  // namespace spoa::resp
