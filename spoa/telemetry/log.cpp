#include "telemetry/log.hpp"

#include "telemetry/log_queue.hpp"
#include "telemetry/repeats.hpp"

#include <nlohmann/json.hpp>

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <span>

namespace spoa::telemetry {
namespace {

constexpr std::size_t most_held = 1U << 20U;  // bytes, while nobody reads
constexpr auto last_words_limit = std::chrono::seconds(1);

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

spdlog::level::level_enum spdlog_level(LogLevel level)
{
    switch (level) {
        case LogLevel::debug: return spdlog::level::debug;
        case LogLevel::info: return spdlog::level::info;
        case LogLevel::warning: return spdlog::level::warn;
        case LogLevel::error: return spdlog::level::err;
    }
    return spdlog::level::info;
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

// What stands around the payload of a line.
std::string pattern_of(LogFormat format)
{
    return format == LogFormat::json ? "{\"time\":\"%Y-%m-%dT%H:%M:%S.%eZ\",%v}"
                                     : "%Y-%m-%dT%H:%M:%S.%eZ %v";
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

std::string payload_of(
    LogFormat format, LogLevel level, std::string_view message, std::span<const LogField> fields)
{
    std::string line;
    if (format == LogFormat::json) {
        line.append("\"level\":").append(json_text(name_of(level)));
        line.append(",\"message\":").append(json_text(message));
        for (const auto& [key, value] : fields)
            if (!value.empty())
                line.append(",").append(json_text(key)).append(":").append(json_text(value));
        return line;
    }
    line.append(name_of(level)).append(" ").append(message);
    for (const auto& [key, value] : fields) {
        if (value.empty())
            continue;
        line.append(" ").append(key).append("=");
        line.append(needs_quotes(value) ? json_text(value) : value);
    }
    return line;
}

std::string words_for_dropped(std::uint64_t lines)
{
    const LogFormat format = log_format;
    const LogField field{"lines", std::to_string(lines)};
    const auto payload = payload_of(
        format,
        LogLevel::warning,
        "log: lines are missing here, nobody read them in time",
        {&field, 1});
    spdlog::pattern_formatter formatter(pattern_of(format), spdlog::pattern_time_type::utc);
    spdlog::memory_buf_t line;
    formatter.format({"", spdlog::level::warn, payload}, line);
    return {line.data(), line.size()};
}

// Never destroyed: its thread may outlive main(), and stderr is not closed.
LogQueue& queue()
{
    static auto& queue = *new LogQueue(Descriptor(STDERR_FILENO), most_held, words_for_dropped);
    return queue;
}

// Hands spdlog's lines to the queue, which has the lock.
class QueueSink final : public spdlog::sinks::base_sink<std::mutex> {
    void sink_it_(const spdlog::details::log_msg& message) override
    {
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        queue().push({line.data(), line.size()});
    }
    void flush_() override {}
};

// One for each format, so that a change of it finds no line half written in the other.
std::shared_ptr<spdlog::logger>& logger_of(LogFormat format)
{
    static std::array<std::shared_ptr<spdlog::logger>, 2> loggers;
    return loggers.at(format == LogFormat::json ? 1 : 0);
}

bool is_below(LogLevel level)
{
    const auto& logger = logger_of(log_format);
    return !logger || !logger->should_log(spdlog_level(level));
}

void write_line(LogLevel level, std::string_view message, std::span<const LogField> fields)
{
    const LogFormat format = log_format;
    if (!is_below(level))
        logger_of(format)->log(spdlog_level(level), payload_of(format, level, message, fields));
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
    for (const auto each : {LogFormat::text, LogFormat::json}) {
        auto logger = std::make_shared<spdlog::logger>("", std::make_shared<QueueSink>());
        logger->set_pattern(pattern_of(each), spdlog::pattern_time_type::utc);
        logger_of(each) = std::move(logger);
    }
    change_log(level, format);
    (void)queue();  // its thread starts before others do
    if (std::get_terminate() != terminate_with_last_words)
        terminate_before = std::set_terminate(terminate_with_last_words);
}

void change_log(LogLevel level, LogFormat format)
{
    for (const auto each : {LogFormat::text, LogFormat::json})
        logger_of(each)->set_level(spdlog_level(level));
    log_format = format;
}

void write_log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields)
{
    write_line(level, message, {fields.begin(), fields.size()});
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
    LogLevel level, const std::string& message, std::initializer_list<LogField> fields,
    std::uint64_t most)
{
    if (is_below(level))
        return;
    auto& [mutex, repeats] = shared_repeats();
    const std::lock_guard lock(mutex);
    const std::span<const LogField> all{fields.begin(), fields.size()};
    if (repeats.admit(message, level, std::chrono::steady_clock::now(), most, all))
        write_line(level, message, all);
}

std::uint64_t write_held_back()
{
    auto& [mutex, repeats] = shared_repeats();
    const std::lock_guard lock(mutex);
    for (const auto& [message, level, times, last] :
         repeats.take_over(std::chrono::steady_clock::now()))
        write_line(level, message + ": repeated " + std::to_string(times) + " times", last);
    return repeats.held();
}

}  // namespace spoa::telemetry
