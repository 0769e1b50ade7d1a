#include "telemetry/log.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

using namespace spoa;
using nlohmann::json;
using telemetry::set_up_log;
using telemetry::write_log;

namespace {

// The lines that `speak` writes to stderr.
std::vector<std::string> lines_of(const std::function<void()>& speak)
{
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), &std::fclose);
    REQUIRE(file);
    std::fflush(stderr);
    const int saved = dup(STDERR_FILENO);
    dup2(fileno(file.get()), STDERR_FILENO);
    speak();
    telemetry::flush_log();
    dup2(saved, STDERR_FILENO);
    close(saved);

    std::string text;
    std::rewind(file.get());
    for (int c = std::fgetc(file.get()); c != EOF; c = std::fgetc(file.get()))
        text += static_cast<char>(c);
    std::istringstream in(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}

// The one line of one call, without its time.
std::string text_line(
    LogLevel level, std::string_view message, std::initializer_list<telemetry::LogField> fields)
{
    const auto lines = lines_of([&] {
        set_up_log(LogLevel::debug, LogFormat::text);
        write_log(level, message, fields);
    });
    REQUIRE(lines.size() == 1);
    constexpr std::string_view time = "2026-11-23T03:14:15.926Z ";
    REQUIRE(lines[0].size() > time.size());
    CHECK(lines[0].substr(0, 2) == "20");
    CHECK(lines[0].substr(time.size() - 2, 2) == "Z ");
    return lines[0].substr(time.size());
}

}  // namespace

TEST_SUITE("telemetry/log")
{
    TEST_CASE("a line of text has its level, its message and its facts")
    {
        CHECK(text_line(LogLevel::info, "stopping", {}) == "info stopping");
        CHECK(
            text_line(LogLevel::warning, "orders: moved", {{"from", "R1"}, {"to", "R2"}}) ==
            "warning orders: moved from=R1 to=R2");
    }

    TEST_CASE("a value that is not one plain word is quoted")
    {
        CHECK(
            text_line(
                LogLevel::error,
                "m",
                {{"b", "two words"},
                 {"c", "x=1"},
                 {"d", "say \"hi\""},
                 {"e", "l1\nl2\r\t\\"},
                 {"f", "[::1]:6379"}}) ==
            R"(error m b="two words" c="x=1" d="say \"hi\"" e="l1\nl2\r\t\\" f=[::1]:6379)");
    }

    TEST_CASE("a fact without a value is left out")
    {
        CHECK(text_line(LogLevel::info, "m", {{"a", ""}, {"b", "x"}, {"c", ""}}) == "info m b=x");
    }

    TEST_CASE("braces and percent signs are text, not formats")
    {
        CHECK(text_line(LogLevel::info, "{} %v {0}", {{"a", "{}%v"}}) == "info {} %v {0} a={}%v");
    }

    TEST_CASE("a line of JSON is one object of strings")
    {
        const auto lines = lines_of([] {
            set_up_log(LogLevel::debug, LogFormat::json);
            write_log(
                LogLevel::warning,
                "say \"hi\"\n{}%v",
                {{"peer", "10.0.0.1:6379"}, {"words", "\xff\x1b[2J"}, {"none", ""}});
        });
        REQUIRE(lines.size() == 1);
        const auto line = json::parse(lines[0]);
        CHECK(line["level"] == "warning");
        CHECK(line["message"] == "say \"hi\"\n{}%v");
        CHECK(line["peer"] == "10.0.0.1:6379");
        CHECK(line["words"] == "\xef\xbf\xbd\x1b[2J");  // what is no UTF-8 is replaced
        CHECK(line["time"].get<std::string>().size() == 24);
        CHECK(line.size() == 5);
    }

    TEST_CASE("what is below the level is not written")
    {
        const std::vector levels{
            LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error};
        for (std::size_t set = 0; set < levels.size(); ++set) {
            CAPTURE(set);
            const auto lines = lines_of([&] {
                set_up_log(levels[set], LogFormat::text);
                for (const auto level : levels)
                    write_log(level, "m");
            });
            CHECK(lines.size() == levels.size() - set);
        }
    }
}
