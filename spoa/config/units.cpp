#include "config/units.hpp"

#include "config/quoted.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

namespace spoa::config {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr milliseconds longest = 8760h;
constexpr std::string_view form = "write a whole number and a unit (ms, s, m or h)";

std::optional<milliseconds> unit_named(std::string_view name)
{
    if (name == "ms")
        return 1ms;
    if (name == "s")
        return 1s;
    if (name == "m")
        return 1min;
    if (name == "h")
        return 1h;
    return std::nullopt;
}

std::string too_long(std::string_view text)
{
    return in_quotes(text) + " is too long; at most " + to_string(longest);
}

// What is wrong with a number followed by something that is no unit.
std::string complaint_about_unit(
    std::string_view text, const std::string& number, std::string_view unit)
{
    if (unit.empty())
        return in_quotes(text) + " has no unit; write a unit: " + number + "ms, " + number + 's';
    if (unit.front() == '.' || unit.front() == ',')
        return in_quotes(text) +
               " is not a whole number; take a smaller unit, as in 1500ms for 1.5s";
    const auto blanks = std::min(unit.find_first_not_of(' '), unit.size());
    if (unit_named(unit.substr(blanks)))
        return "write it without a blank: " + number + std::string(unit.substr(blanks));
    return in_quotes(text) + " has no known unit; " + std::string(form);
}

constexpr std::uint64_t largest_size = std::uint64_t{1} << 40U;
constexpr std::string_view size_form =
    "write a whole number and a unit (B, KiB, MiB, GiB, kB, MB or GB)";

struct SizeUnit {
    std::string_view name;
    std::uint64_t bytes;
};
constexpr std::array<SizeUnit, 7> size_units{
    {{"B", 1},
     {"KiB", 1U << 10U},
     {"MiB", 1U << 20U},
     {"GiB", 1U << 30U},
     {"kB", 1'000},
     {"MB", 1'000'000},
     {"GB", 1'000'000'000}}};

}  // namespace

Parsed<std::uint64_t> parse_size(std::string_view text)
{
    std::uint64_t number = 0;
    const auto* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error == std::errc::result_out_of_range)
        return Problem{in_quotes(text) + " is too much; at most " + size_text(largest_size)};
    if (error != std::errc())
        return Problem{in_quotes(text) + " is not a size; " + std::string(size_form)};
    const std::string_view unit(rest, end);
    if (unit.empty() && number == 0)
        return std::uint64_t{0};
    const auto* const known = std::ranges::find(size_units, unit, &SizeUnit::name);
    if (known == size_units.end())
        return Problem{in_quotes(text) + " has no known unit; " + std::string(size_form)};
    if (number > largest_size / known->bytes)
        return Problem{in_quotes(text) + " is too much; at most " + size_text(largest_size)};
    return number * known->bytes;
}

std::string size_text(std::uint64_t bytes)
{
    if (bytes != 0)
        for (const auto* const name : {"GiB", "MiB", "KiB"}) {
            const auto unit = std::ranges::find(size_units, name, &SizeUnit::name)->bytes;
            if (bytes % unit == 0)
                return std::to_string(bytes / unit) + name;
        }
    return std::to_string(bytes) + "B";
}

Parsed<milliseconds> parse_duration(std::string_view text)
{
    if (text.empty())
        return Problem{"the duration is empty; " + std::string(form)};

    std::int64_t number = 0;
    const auto* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error == std::errc::result_out_of_range)
        return Problem{too_long(text)};
    if (error != std::errc() || text.front() == '-')
        return Problem{in_quotes(text) + " is not a duration; " + std::string(form)};

    const std::string_view unit(rest, end);
    if (unit.empty() && number == 0)
        return 0ms;
    const auto one = unit_named(unit);
    if (!one)
        return Problem{complaint_about_unit(text, std::string(text.data(), rest), unit)};
    if (number > longest / *one)
        return Problem{too_long(text)};
    return number * *one;
}

std::string to_string(milliseconds duration)
{
    const auto count = duration.count();
    if (count == 0 || count % 1000 != 0)
        return std::to_string(count) + "ms";
    if (duration % 1h == 0ms)
        return std::to_string(duration / 1h) + "h";
    if (duration % 1min == 0ms && duration != 1min)
        return std::to_string(duration / 1min) + "m";
    return std::to_string(duration / 1s) + "s";
}

}  // namespace spoa::config
