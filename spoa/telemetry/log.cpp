#include "telemetry/log.hpp"

#include "telemetry/log_queue.hpp"
#include "telemetry/moment.hpp"
#include "telemetry/repeats.hpp"

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <exception>
#include <mutex>

namespace spoa::telemetry {
namespace {

constexpr std::size_t most_held = 1U << 20U;  // bytes, while nobody reads
constexpr auto last_words_limit = std::chrono::seconds(1);

std::atomic<LogLevel> log_level = LogLevel::info;
std::atomic<LogFormat> log_format = LogFormat::text;

struct SharedRepeats {
    std::mutex mutex;
    Repeats repeats;
};

SharedRepeats& shared_repeats()
{
    static SharedRepeats shared;
    return shared;
}

std::string_view name_of(LogLevel level)
{
    switch (level) {
        case LogLevel::debug: return "debug";
        case LogLevel::info: return "info";
        case LogLevel::warning: return "warning";
        case LogLevel::error: return "error";
    }
    return "info";
}

// JSON text of `value`; bytes that are no UTF-8 are replaced, never thrown at.
std::string json_text(std::string_view value)
{
    return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool needs_quotes(std::string_view value)
{
    return value.empty() || value.find_first_of(" \"\\=\n\r\t") != std::string_view::npos;
}

std::string line_of(
    LogLevel level, std::string_view message, std::initializer_list<LogField> fields)
{
    const auto time = utc_text(std::chrono::system_clock::now());
    std::string line;
    if (log_format == LogFormat::json) {
        line.append("{\"time\":\"").append(time);
        line.append("\",\"level\":").append(json_text(name_of(level)));
        line.append(",\"message\":").append(json_text(message));
        for (const auto& [key, value] : fields)
            if (!value.empty())
                line.append(",").append(json_text(key)).append(":").append(json_text(value));
        line.append("}");
    } else {
        line.append(time).append(" ").append(name_of(level)).append(" ").append(message);
        for (const auto& [key, value] : fields) {
            if (value.empty())
                continue;
            line.append(" ").append(key).append("=");
            line.append(needs_quotes(value) ? json_text(value) : value);
        }
    }
    return line + "\n";
}

std::string words_for_dropped(std::uint64_t lines)
{
    return line_of(
        LogLevel::warning,
        "log: lines are missing here, nobody read them in time",
        {{"lines", std::to_string(lines)}});
}

// Never destroyed: its thread may outlive main(), and stderr is not closed.
LogQueue& queue()
{
    static auto& queue = *new LogQueue(Descriptor(STDERR_FILENO), most_held, words_for_dropped);
    return queue;
}

bool is_below(LogLevel level)
{
    return level < log_level.load();
}

std::terminate_handler terminate_before = nullptr;

[[noreturn]] void terminate_with_last_words()
{
    flush_log();
    if (terminate_before)
        terminate_before();
    std::abort();
}

}  // namespace

void set_up_log(LogLevel level, LogFormat format)
{
    change_log(level, format);
    (void)queue();  // its thread starts before others do
    if (std::get_terminate() != terminate_with_last_words)
        terminate_before = std::set_terminate(terminate_with_last_words);
}

void change_log(LogLevel level, LogFormat format)
{
    log_level = level;
    log_format = format;
}

void write_log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields)
{
    if (!is_below(level))
        queue().push(line_of(level, message, fields));
}

void write_plain(std::string_view line)
{
    queue().push(std::string(line) + "\n");
}

void flush_log()
{
    (void)queue().flush(last_words_limit);
}

std::uint64_t dropped_log_lines()
{
    return queue().dropped();
}

void write_repeating(
    LogLevel level, const std::string& message, std::initializer_list<LogField> fields)
{
    if (is_below(level))
        return;
    auto& [mutex, repeats] = shared_repeats();
    const std::lock_guard lock(mutex);
    if (repeats.admit(message, level, std::chrono::steady_clock::now()))
        write_log(level, message, fields);
}

void write_held_back()
{
    auto& [mutex, repeats] = shared_repeats();
    const std::lock_guard lock(mutex);
    for (const auto& [message, level, times] : repeats.take_over(std::chrono::steady_clock::now()))
        write_log(level, message + ": repeated " + std::to_string(times) + " times");
}

}  // namespace spoa::telemetry
