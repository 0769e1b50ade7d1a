// What the status page says in words.
#pragma once

#include "telemetry/html.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace spoa::telemetry {

// How a name is, for the eye: a colour, always beside a sign and a word.
struct Tone {
    std::string_view css;   // good, note, doubt, shut
    std::string_view sign;  // one character
};
Tone tone_of(std::string_view state, bool open);

// What a state means, one sentence; empty for a word that is none.
std::string_view meaning_of(std::string_view state);

// 1234567 as `1,234,567`.
std::string grouped(std::uint64_t number);

// `840 ms`, `12.3 s`, `4 min`, `3 h`, `12 d`: for ages, with what matters at that size.
std::string age_text(std::chrono::milliseconds age);

// `1.5 MiB`
std::string size_text(std::uint64_t bytes);

// A moment as the reports write it, 2026-11-27T05:00:00.123Z; nothing for anything else.
using Millis = std::chrono::sys_time<std::chrono::milliseconds>;
std::optional<Millis> parse_moment(std::string_view text);

// `host:port`, which may break before the port, and a host name after its dots.
Html address_html(std::string_view address);

// A moment of a report as <time>: its clock alone, or with its date when that is not today's.
Html moment_html(std::string_view moment, std::string_view now);

}  // namespace spoa::telemetry
