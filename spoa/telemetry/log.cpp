#include "telemetry/log.hpp"

#include "telemetry/repeats.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <span>

namespace spoa::telemetry {
namespace {

std::atomic<LogFormat> log_format = LogFormat::text;

// One for each format, so that a change of it finds no line half written in the other.
std::shared_ptr<spdlog::logger>& logger_of(LogFormat format)
{
    static std::array<std::shared_ptr<spdlog::logger>, 2> loggers;
    return loggers.at(format == LogFormat::json ? 1 : 0);
}

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

// JSON text of `value`; bytes that are no UTF-8 are replaced, never thrown at.
std::string json_text(std::string_view value)
{
    return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool needs_quotes(std::string_view value)
{
    return value.empty() || value.find_first_of(" \"\\=\n\r\t") != std::string_view::npos;
}

void write_line(LogLevel level, std::string_view message, std::span<const LogField> fields)
{
    const LogFormat format = log_format;
    const auto& logger = logger_of(format);
    if (!logger || !logger->should_log(spdlog_level(level)))
        return;
    std::string line;
    if (format == LogFormat::json) {
        line.append("\"level\":").append(json_text(name_of(level)));
        line.append(",\"message\":").append(json_text(message));
        for (const auto& [key, value] : fields)
            if (!value.empty())
                line.append(",").append(json_text(key)).append(":").append(json_text(value));
    } else {
        line.append(name_of(level)).append(" ").append(message);
        for (const auto& [key, value] : fields) {
            if (value.empty())
                continue;
            line.append(" ").append(key).append("=");
            line.append(needs_quotes(value) ? json_text(value) : value);
        }
    }
    logger->log(spdlog_level(level), "{}", line);
}

}  // namespace

void set_up_log(LogLevel level, LogFormat format)
{
    const auto set_up = [&](LogFormat each, const std::string& name, const std::string& pattern) {
        auto logger = std::make_shared<spdlog::logger>(
            name, std::make_shared<spdlog::sinks::stderr_sink_mt>());
        logger->set_level(spdlog_level(level));
        logger->flush_on(spdlog::level::debug);
        logger->set_pattern(pattern, spdlog::pattern_time_type::utc);
        logger_of(each) = std::move(logger);
    };
    set_up(LogFormat::json, "json", "{\"time\":\"%Y-%m-%dT%H:%M:%S.%eZ\",%v}");
    set_up(LogFormat::text, "text", "%Y-%m-%dT%H:%M:%S.%eZ %v");
    log_format = format;
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

void write_repeating(
    LogLevel level, const std::string& message, std::initializer_list<LogField> fields,
    std::uint64_t most)
{
    if (const auto& logger = logger_of(log_format);
        !logger || !logger->should_log(spdlog_level(level)))
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
