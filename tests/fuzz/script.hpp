#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace spoa::fuzz {

// An input as a script of single letters, each with arguments of one character, that people can
// write as well. Behind the end there is nothing but zeros.
class Script {
public:
    explicit Script(std::string_view text) : rest_(text) {}

    bool at_end() const { return rest_.empty(); }

    char letter()
    {
        const char c = rest_.empty() ? '\0' : rest_.front();
        rest_.remove_prefix(std::min<std::size_t>(1, rest_.size()));
        return c;
    }

    // 0 to 15: `0` to `9`, then `:` `;` `<` `=` `>` `?`.
    unsigned digit() { return static_cast<unsigned char>(letter()) % 16U; }

    // `A` is 0.
    std::size_t place(std::size_t places)
    {
        return (static_cast<unsigned char>(letter()) + places * 65U - 65U) % places;
    }

    // What somebody else sends, up to `~`; a carriage return stands for CR LF.
    std::string words()
    {
        const auto end = std::min(rest_.find('~'), rest_.size());
        std::string text;
        for (const char c : rest_.substr(0, end)) {
            text += c;
            if (c == '\r')
                text += '\n';
        }
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        return text;
    }

private:
    std::string_view rest_;
};

}  // namespace spoa::fuzz
