#include "config/suggest.hpp"

#include <algorithm>
#include <cctype>
#include <vector>

namespace spoa::config {
namespace {

bool same_letter(char a, char b)
{
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b)
{
    // Three rows of the usual table: the one being filled, and for swaps the two above it.
    std::vector<std::size_t> above2(b.size() + 1);
    std::vector<std::size_t> above(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        above[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = same_letter(a[i - 1], b[j - 1]) ? 0 : 1;
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + change});
            if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) &&
                same_letter(a[i - 2], b[j - 1]))
                row[j] = std::min(row[j], above2[j - 2] + 1);
        }
        std::swap(above2, above);
        std::swap(above, row);
    }
    return above[b.size()];
}

std::optional<std::string_view> nearest(
    std::string_view word, std::span<const std::string_view> candidates)
{
    // One slip, and one more for each four letters; of `-v` only the case can be wrong.
    const std::size_t allowed = word.size() < 3 ? 0 : 1 + word.size() / 4;
    constexpr std::size_t longest_word = 64;  // nothing we know is longer, and the table is bounded
    if (word.size() > longest_word)
        return std::nullopt;

    std::optional<std::string_view> best;
    std::size_t best_distance = allowed + 1;
    for (const auto candidate : candidates) {
        const auto distance = edit_distance(word, candidate);
        if (distance < best_distance && distance < candidate.size()) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

std::string joined(std::span<const std::string_view> words, std::string_view last_joint)
{
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0)
            out += i + 1 == words.size() ? ' ' + std::string(last_joint) + ' ' : ", ";
        out += words[i];
    }
    return out;
}

}  // namespace spoa::config
