#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace spoa::telemetry {

// Rows of cells, each column as wide as its widest cell; every row has as many cells as the first.
inline std::string aligned(const std::vector<std::vector<std::string>>& rows)
{
    std::vector<std::size_t> widths(rows.empty() ? 0 : rows.front().size());
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], row[i].size());
    std::string text;
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i)
            text += i + 1 < row.size() ? row[i] + std::string(widths[i] - row[i].size() + 2, ' ')
                                       : row[i] + "\n";
    }
    return text;
}

}  // namespace spoa::telemetry
