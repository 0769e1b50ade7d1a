#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace spoa {

// Knows passwords by their parts, and hides these parts in text. It keeps every four bytes in a row
// of a password, in lower case, and a shorter one as a whole; with and without the backslashes on
// either side, since whoever quotes a password may have added some. So what it hides costs one look
// at the text, however many passwords there are.
class Mask {
public:
    void add(std::string_view secret);

    // The text with "***" for every run that is part of a password and has four bytes or more, and
    // for every word that is a shorter one, in upper or lower case.
    std::string hide(std::string_view text) const;

    // All that it knows, each to be given to add() of another one.
    std::vector<std::string> parts() const;

private:
    static constexpr std::size_t most_parts = 1'000'000;  // with more, all text is hidden

    std::unordered_set<std::uint32_t> parts_;  // of four bytes
    std::unordered_set<std::string> short_;
};

}  // namespace spoa
