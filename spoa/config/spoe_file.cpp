#include "config/spoe_file.hpp"

#include "config/file.hpp"
#include "config/quoted.hpp"
#include "config/units.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>
#include <string>
#include <utility>

namespace spoa::config {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr std::size_t largest_spoe_file = 1U << 20U;

// HAProxy's form of a time: a number and a unit, milliseconds without one.
std::optional<milliseconds> haproxy_time(std::string_view text)
{
    static constexpr std::array<std::pair<std::string_view, microseconds>, 7> units{
        {{"", 1ms}, {"ms", 1ms}, {"us", 1us}, {"s", 1s}, {"m", 1min}, {"h", 1h}, {"d", 24h}}};
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const auto* const unit = std::ranges::find(units, text, &decltype(units)::value_type::first);
    if (error != std::errc() || unit == units.end())
        return std::nullopt;
    return std::chrono::duration_cast<milliseconds>(number * unit->second);
}

std::string complaint(const result<FileText>& file, const std::string& name, milliseconds wait)
{
    const auto advice = "write `timeout processing " + to_string(wait + processing_margin) +
                        "` for a policy.wait of " + to_string(wait);
    if (!file)
        return "cannot read " + in_quotes(name) + ": " + file.error().message();
    const auto timeout = processing_timeout(file->text);
    if (!timeout)
        return in_quotes(name) + " has no `timeout processing`; " + advice;
    if (*timeout <= wait)
        return in_quotes(name) + " has `timeout processing " + to_string(*timeout) +
               "`, after which HAProxy refuses a connection that waits; " + advice;
    return {};
}

}  // namespace

std::optional<milliseconds> processing_timeout(std::string_view text)
{
    std::optional<milliseconds> least;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line.substr(0, line.find('#')));
        std::string keyword;
        std::string which;
        std::string value;
        if (!(words >> keyword >> which >> value) || keyword != "timeout" || which != "processing")
            continue;
        if (const auto time = haproxy_time(value))
            least = std::min(least.value_or(*time), *time);
    }
    return least;
}

void check_spoe_file(
    const Section& root, const Origin& origin, const Config& config, Report& report)
{
    const auto wait = longest_wait(config);
    const auto spop = root.find("spop");
    if (!spop || config.spop.spoe_file.empty() || wait == 0ms)
        return;
    for (const auto& entry : read_entries(*spop, report))
        if (entry.key == "spoe_file")
            if (const auto text = complaint(
                    read_file(origin.folder / config.spop.spoe_file, largest_spoe_file),
                    config.spop.spoe_file,
                    wait);
                !text.empty())
                report.warning(entry.value.place(), "spop.spoe_file: " + text);
}

}  // namespace spoa::config
