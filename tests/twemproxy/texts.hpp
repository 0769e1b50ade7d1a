#pragma once

#include "twemproxy/edit.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::test {

inline Endpoint endpoint(std::string_view text)
{
    return parse_endpoint(text).value();
}

// A configuration of one pool, p, with one server.
inline std::string pool_with(const std::string& server)
{
    return "p:\n  listen: 127.0.0.1:22121\n  redis: true\n  servers:\n   - " + server + "\n";
}

inline twemproxy::Edited edited(
    const std::string& text, const std::vector<twemproxy::Target>& targets)
{
    const auto out = twemproxy::edit(text, targets);
    const std::string error = out ? std::string() : out.error().text;
    REQUIRE(error == "");
    return *out;
}

inline std::string refusal(const std::string& text, const std::vector<twemproxy::Target>& targets)
{
    const auto out = twemproxy::edit(text, targets);
    REQUIRE(!out.has_value());
    return out.error().text;
}

// `text` with the occurrence of `old` of this number, from 1, replaced.
inline std::string replaced(
    std::string text, std::string_view old, std::string_view with, int occurrence)
{
    auto place = text.find(old);
    for (int i = 1; i < occurrence; ++i)
        place = text.find(old, place + 1);
    REQUIRE(place != std::string::npos);
    return text.replace(place, old.size(), with);
}

struct MadeFile {
    std::string text;
    std::vector<twemproxy::Target> targets;
    std::string wanted;
};

// A configuration in a style drawn at random: the text is written piece by piece, and with it,
// where a server is to move, the text as it must become.
MadeFile make_file(std::minstd_rand& random);

}  // namespace spoa::test
