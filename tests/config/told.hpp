#pragma once

#include "config/load.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace spoa::test {

// What completes a section under test to a configuration with nothing to say about it.
inline const std::string good_sentinels =
    "sentinels: {addresses: [10.0.0.1:26379, 10.0.0.2:26379, 10.0.0.3:26379]}\n";
inline const std::string good_masters = "masters: [{name: a, servers: {R1: 10.0.0.1:6379}}]\n";

// A configuration with `lines` in the section sentinels, from line 3 on.
inline std::string with_sentinels(const std::string& lines)
{
    return "sentinels:\n  addresses: [a:1, b:1, c:1]\n" + lines + '\n' + good_masters;
}

inline std::vector<std::string> told(const config::Loaded& loaded)
{
    std::vector<std::string> out;
    for (const auto& diagnostic : loaded.diagnostics)
        out.push_back(config::to_string(diagnostic, "f"));
    return out;
}

// Each diagnostic as `f:LINE:COL: error: TEXT`.
inline std::vector<std::string> told(const std::string& text)
{
    return told(config::load_text(text, "."));
}

inline std::string joined(const std::vector<std::string>& lines)
{
    std::string out;
    for (const auto& line : lines)
        out += line + '\n';
    return out;
}

// Checks that one thing is told and that it begins with `start` and holds each of `words`.
inline void check_one(
    const std::vector<std::string>& lines, const std::string& start,
    const std::vector<std::string>& words)
{
    const auto all = joined(lines);
    CAPTURE(all);
    CAPTURE(start);
    CHECK(lines.size() == 1);
    CHECK(all.starts_with("f:" + start));
    for (const auto& word : words) {
        CAPTURE(word);
        CHECK(all.find(word) != std::string::npos);
    }
}

// A section with one thing wrong, and what must be told about it.
struct Case {
    std::string text;
    std::string start;  // `LINE:COL: error`
    std::vector<std::string> words;
};

// Checks each case, completed by `rest`.
inline void check_each(const std::vector<Case>& cases, const std::string& rest)
{
    for (const auto& one : cases) {
        CAPTURE(one.text);
        check_one(told(one.text + '\n' + rest), one.start, one.words);
    }
}

}  // namespace spoa::test
