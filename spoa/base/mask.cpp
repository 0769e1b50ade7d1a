#include "base/mask.hpp"

#include <algorithm>
#include <cstddef>

namespace spoa {
namespace {

constexpr std::size_t part_size = 4;

char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           static_cast<unsigned char>(c) >= 0x80U;
}

// A text as it is compared: in lower case, with or without backslashes; and where each byte stood.
struct Letters {
    std::string text;
    std::vector<std::size_t> places;

    Letters(std::string_view from, bool with_backslashes)
    {
        text.reserve(from.size());
        places.reserve(from.size());
        for (std::size_t i = 0; i < from.size(); ++i)
            if (with_backslashes || from[i] != '\\') {
                text += lower(from[i]);
                places.push_back(i);
            }
    }
};

std::uint32_t part_at(std::string_view text, std::size_t at)
{
    std::uint32_t part = 0;
    for (const char c : text.substr(at, part_size))
        part = part << 8U | static_cast<unsigned char>(c);
    return part;
}

// Whether [at, end) stands there as a word of its own.
bool is_whole_word(std::string_view text, std::size_t at, std::size_t end)
{
    const bool goes_back = at > 0 && is_word(text[at - 1]) && is_word(text[at]);
    const bool goes_on = end < text.size() && is_word(text[end]) && is_word(text[end - 1]);
    return !goes_back && !goes_on;
}

}  // namespace

void Mask::add(std::string_view secret)
{
    for (const bool with_backslashes : {false, true}) {
        const Letters letters(secret, with_backslashes);
        const auto& text = letters.text;
        if (!with_backslashes && !text.empty() && text.size() < part_size)
            short_.insert(text);
        for (std::size_t i = 0; i + part_size <= text.size() && parts_.size() < most_parts; ++i)
            parts_.insert(part_at(text, i));
    }
}

std::string Mask::hide(std::string_view text) const
{
    if (parts_.empty() && short_.empty())
        return std::string(text);
    if (parts_.size() >= most_parts)
        return "***";
    std::vector<bool> hidden(text.size());
    for (const bool with_backslashes : {false, true}) {
        if (with_backslashes && text.find('\\') == std::string_view::npos)
            break;
        const Letters letters(text, with_backslashes);
        const auto cover = [&](std::size_t first, std::size_t size) {
            for (auto i = letters.places[first]; i <= letters.places[first + size - 1]; ++i)
                hidden[i] = true;
        };
        for (std::size_t i = 0; i + part_size <= letters.text.size(); ++i)
            if (parts_.contains(part_at(letters.text, i)))
                cover(i, part_size);
        for (const auto& word : short_)
            for (auto at = letters.text.find(word); at != std::string::npos;
                 at = letters.text.find(word, at + 1))
                if (is_whole_word(letters.text, at, at + word.size()))
                    cover(at, word.size());
    }

    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (!hidden[i])
            out += text[i];
        else if (i == 0 || !hidden[i - 1])
            out += "***";
    return out;
}

std::vector<std::string> Mask::parts() const
{
    std::vector<std::string> out(short_.begin(), short_.end());
    for (const auto part : parts_) {
        std::string text(part_size, '\0');
        for (std::size_t i = 0; i < part_size; ++i)
            text[i] = static_cast<char>(part >> 8U * (part_size - 1 - i));
        out.push_back(std::move(text));
    }
    std::ranges::sort(out);
    return out;
}

}  // namespace spoa
