// Text for a terminal, or for a file: tables whose columns are as wide as they need, sentences that
// are no longer than the terminal is wide, and colour where it is wanted.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::telemetry {

struct TextStyle {
    bool colour = false;
    std::size_t width = 0;  // of a line; 0: any
};

using Row = std::vector<std::string>;

// How to colour a cell: what to write before it; empty for not at all.
using Paint = std::function<std::string_view(const Row& row, std::size_t column)>;

inline constexpr std::string_view red = "\x1b[31m";
inline constexpr std::string_view yellow = "\x1b[33m";
inline constexpr std::string_view green = "\x1b[32m";
inline constexpr std::string_view bold = "\x1b[1m";
inline constexpr std::string_view plain = "\x1b[0m";  // after any of them

// The colour of a state: green is well, yellow is worth a look, red is without a master.
std::string_view colour_of(std::string_view state, bool open);

// Rows of cells, each column as wide as its widest cell; every row has as many cells as the first.
std::string aligned(const std::vector<Row>& rows, const Paint& paint = {});

// The same, without the columns in `dispensable`, the first of which goes first, that do not fit.
std::string fitted(
    std::vector<Row> rows, std::vector<std::size_t> dispensable, const TextStyle& style,
    const Paint& paint);

// Lines that are too long are broken at spaces, and go on four columns further to the right.
std::string wrapped(std::string_view text, std::size_t width);

}  // namespace spoa::telemetry
