#include "telemetry/page_words.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <utility>

namespace spoa::telemetry {
namespace {

using namespace std::chrono;
using namespace std::chrono_literals;

constexpr std::array<std::pair<std::string_view, std::string_view>, 13> meanings{{
    {"ok", "Every Sentinel names this master."},
    {"degraded", "A majority names this master; not every Sentinel does."},
    {"silent", "The master does not answer the agent; perhaps only for a moment."},
    {"isolated", "The master answers, and neither its replicas nor the Sentinels hear it."},
    {"odown", "The Sentinels see the master as down."},
    {"switching", "A failover has begun to promote another node."},
    {"not-master", "The node at the master's address is no master, or not the one that is meant."},
    {"unmapped", "No server of HAProxy's is the master that a majority names."},
    {"no-quorum", "Fewer than a majority of the Sentinels can be heard."},
    {"conflict", "The Sentinels do not agree on a master."},
    {"regress", "The Sentinels name a master that was already left behind."},
    {"stale", "Nothing has been heard from any Sentinel for a while."},
    {"unknown-name", "The Sentinels do not monitor this name."},
}};

bool is_doubt(std::string_view state)
{
    return state == "silent" || state == "odown" || state == "switching" || state == "isolated" ||
           state == "not-master";
}

std::string with_decimal(double value, std::string_view unit)
{
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f ", value);
    return text.data() + std::string(unit);
}

// `width` digits at `at`; nothing when something else stands there.
std::optional<unsigned> digits(std::string_view text, std::size_t at, std::size_t width)
{
    unsigned value = 0;
    const auto part = text.substr(at, width);
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc() || end != part.data() + width)
        return std::nullopt;
    return value;
}

}  // namespace

Tone tone_of(std::string_view state, bool open)
{
    if (!open)
        return is_doubt(state) ? Tone{"doubt", "\xe2\x97\x86"} : Tone{"shut", "\xe2\x96\xa0"};
    return state == "ok" ? Tone{"good", "\xe2\x97\x8f"} : Tone{"note", "\xe2\x96\xb2"};
}

std::string_view meaning_of(std::string_view state)
{
    const auto* const found =
        std::ranges::find(meanings, state, [](const auto& each) { return each.first; });
    return found == meanings.end() ? std::string_view{} : found->second;
}

std::string grouped(std::uint64_t number)
{
    auto text = std::to_string(number);
    for (auto place = text.size(); place > 3;) {
        place -= 3;
        text.insert(place, ",");
    }
    return text;
}

std::string age_text(milliseconds age)
{
    age = std::max(age, 0ms);
    const auto whole = [](auto count, std::string_view unit) {
        return std::to_string(count) + ' ' + std::string(unit);
    };
    if (age < 1s)
        return whole(age.count(), "ms");
    if (age < 100s)
        return with_decimal(static_cast<double>(age.count()) / 1000, "s");
    if (age < 100min)
        return whole(duration_cast<minutes>(age).count(), "min");
    if (age < 72h)
        return whole(duration_cast<hours>(age).count(), "h");
    return whole(duration_cast<days>(age).count(), "d");
}

std::string size_text(std::uint64_t bytes)
{
    constexpr std::array<std::string_view, 4> units{"KiB", "MiB", "GiB", "TiB"};
    if (bytes < 1024)
        return std::to_string(bytes) + " B";
    auto value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    for (; value >= 1024 && unit + 1 < units.size(); ++unit)
        value /= 1024;
    return with_decimal(value, units[unit]);
}

std::optional<Millis> parse_moment(std::string_view text)
{
    constexpr std::string_view form = "dddd-dd-ddTdd:dd:dd.dddZ";
    if (text.size() != form.size())
        return std::nullopt;
    for (std::size_t i = 0; i < form.size(); ++i)
        if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return std::nullopt;
    const auto at = [&](std::size_t place, std::size_t width) {
        return digits(text, place, width).value_or(0);
    };
    const year_month_day date{year(static_cast<int>(at(0, 4))), month(at(5, 2)), day(at(8, 2))};
    if (!date.ok())
        return std::nullopt;
    return sys_days(date) + hours(at(11, 2)) + minutes(at(14, 2)) + seconds(at(17, 2)) +
           milliseconds(at(20, 3));
}

Html address_html(std::string_view address)
{
    const bool named = address.find_first_not_of("0123456789.:") != std::string_view::npos;
    const auto port = address.rfind(':');
    Html html;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < address.size(); ++i)
        if (i == port || (named && address[i] == '.')) {
            html += escaped(address.substr(begin, i + 1 - begin)) + Html("<wbr>");
            begin = i + 1;
        }
    html += escaped(address.substr(begin));
    return Tag("small", "address").around(html);
}

Html moment_html(std::string_view moment, std::string_view now)
{
    constexpr std::size_t date_size = 10;
    if (!parse_moment(moment))
        return escaped(moment);
    const auto clock = std::string(moment.substr(date_size + 1, 8));
    const bool today = moment.substr(0, date_size) == now.substr(0, date_size);
    return Tag("time")
        .with("datetime", moment)
        .around(escaped(
            today ? clock + " UTC"
                  : std::string(moment.substr(0, date_size)) + ' ' + clock + " UTC"));
}

}  // namespace spoa::telemetry
