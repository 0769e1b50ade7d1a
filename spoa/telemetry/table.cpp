#include "telemetry/table.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace spoa::telemetry {
namespace {

constexpr std::size_t gap = 2;

std::vector<std::size_t> widths_of(const std::vector<Row>& rows)
{
    std::vector<std::size_t> widths(rows.empty() ? 0 : rows.front().size());
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], row[i].size());
    return widths;
}

std::size_t width_of(const std::vector<std::size_t>& columns)
{
    const auto cells = std::accumulate(columns.begin(), columns.end(), std::size_t{0});
    return columns.empty() ? 0 : cells + gap * (columns.size() - 1);
}

void add_wrapped(std::string& out, std::string rest, std::size_t width)
{
    constexpr std::size_t further = 4;
    const auto first = std::min(rest.find_first_not_of(' '), rest.size());
    const std::string margin(first + further, ' ');
    for (auto word = first; rest.size() > width; word = margin.size()) {
        auto cut = rest.rfind(' ', width);
        if (cut == std::string::npos || cut < word)
            cut = rest.find(' ', word);  // one word that is longer than the line
        const auto next = rest.find_first_not_of(' ', cut);
        if (next == std::string::npos)
            break;
        out.append(rest, 0, cut).append("\n");
        rest = margin + rest.substr(next);
    }
    out.append(rest).append("\n");
}

}  // namespace

std::string_view colour_of(std::string_view state, bool open)
{
    if (!open)
        return red;
    return state == "ok" ? green : yellow;
}

std::string aligned(const std::vector<Row>& rows, const Paint& paint)
{
    const auto widths = widths_of(rows);
    std::string text;
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) {
            const auto colour = paint ? paint(row, i) : std::string_view();
            text.append(colour).append(row[i]).append(colour.empty() ? "" : plain);
            if (i + 1 < row.size())
                text.append(widths[i] - row[i].size() + gap, ' ');
            else
                text += "\n";
        }
    return text;
}

std::string fitted(
    std::vector<Row> rows, std::vector<std::size_t> dispensable, const TextStyle& style,
    const Paint& paint)
{
    auto widths = widths_of(rows);
    while (style.width > 0 && width_of(widths) > style.width && !dispensable.empty()) {
        const auto column = dispensable.front();
        dispensable.erase(dispensable.begin());
        const auto place = static_cast<std::ptrdiff_t>(column);
        for (auto& row : rows)
            row.erase(row.begin() + place);
        widths.erase(widths.begin() + place);
        for (auto& other : dispensable)
            other -= other > column ? 1 : 0;
    }
    return aligned(rows, style.colour ? paint : Paint());
}

std::string wrapped(std::string_view text, std::size_t width)
{
    if (width == 0)
        return std::string(text);
    std::string out;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        add_wrapped(out, std::string(text.substr(0, end)), width);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

}  // namespace spoa::telemetry
