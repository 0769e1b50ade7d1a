// Taking apart what HAProxy's sockets answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace spoa::haproxy_api {

// Takes what is before `end`, and `end` itself, off the front of `text`; all of it without an
// `end`.
std::string_view take_until(std::string_view& text, char end);

// All of `text` as a number.
std::optional<std::uint64_t> number_in(std::string_view text);

// What HAProxy allows in the name of a proxy or server. Names come back in commands, where anything
// else might be a command of its own.
bool is_name(std::string_view text);

}  // namespace spoa::haproxy_api
