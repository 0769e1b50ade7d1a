// What the agent says while it runs, one line at a time on stderr, as text or as JSON. Secrets
// never get here: nothing that holds one can be written. Nobody here waits for whoever reads
// stderr, if anybody does.
#pragma once

#include "base/log_settings.hpp"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace spoa::telemetry {

// A fact beside the message; left out when its value is empty. The key is stable, for those who
// search logs by machine.
struct LogField {
    std::string_view key;
    std::string value;

    bool operator==(const LogField&) const = default;
};

// Call once, before the first line.
void set_up_log(LogLevel level, LogFormat format);

// Other settings, while other threads write.
void change_log(LogLevel level, LogFormat format);

// Writes one line. From any thread.
//   text   2026-11-23T03:14:15.926Z info  the message key=value key="two words"
//   json   {"time":"…","level":"info","message":"…","key":"value"}
void write_log(
    LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

// The same for what may come many times a minute. Of the same message, whatever its fields, the
// first `most` in ten seconds are written; then `MESSAGE: repeated 412 times`, with the fields of
// the last one.
void write_repeating(
    LogLevel level, const std::string& message, std::initializer_list<LogField> fields = {},
    std::uint64_t most = 5);

// Writes what is due of that; to be called once a second. How many were held back ever.
std::uint64_t write_held_back();

// Writes one line as it is; before the log is set up, too.
void write_plain(std::string_view line);

// Before the process ends: waits until all lines are read, for a second at most.
void flush_log();

// Lines that were dropped because nobody read them.
std::uint64_t dropped_log_lines();

}  // namespace spoa::telemetry
