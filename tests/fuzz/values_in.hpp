// RESP values as lines, for the parsers of replies: resp_reader_fuzz.cpp fuzzes how bytes become
// values, and without lengths to keep right a mutation reaches the words of a reply.
//
//   -text   error          _   nil
//   :1      integer        [ … ]   array, a line for each bracket
//   text    bulk string, in which a carriage return stands for CR LF
#pragma once

#include "resp/value.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spoa::fuzz {

inline resp::Value value_in(std::string_view line)
{
    if (line == "_")
        return {resp::Nil{}};
    if (line.starts_with('-'))
        return {resp::Error{std::string(line.substr(1))}};
    if (line.starts_with(':')) {
        std::int64_t number = 0;
        std::from_chars(line.data() + 1, line.data() + line.size(), number);
        return {number};
    }
    std::string text(line);
    for (auto at = text.find('\r'); at != std::string::npos; at = text.find('\r', at + 2))
        text.insert(at + 1, 1, '\n');
    return {std::move(text)};
}

inline resp::Array values_in(std::string_view text)
{
    constexpr std::size_t deepest = 8;  // resp::Reader's own bound
    std::vector<resp::Array> open(1);
    const auto close = [&] {
        resp::Value done{std::move(open.back())};
        open.pop_back();
        open.back().push_back(std::move(done));
    };
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (line == "[" && open.size() <= deepest)
            open.emplace_back();
        else if (line == "]" && open.size() > 1)
            close();
        else
            open.back().push_back(value_in(line));
    }
    while (open.size() > 1)
        close();
    return std::move(open.front());
}

}  // namespace spoa::fuzz
