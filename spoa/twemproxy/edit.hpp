// A nutcracker.yml with another address for some of its servers, and every other byte as it was.
#pragma once

#include "base/endpoint.hpp"
#include "config/parsed.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::twemproxy {

// Where a server of a pool should be.
struct Target {
    std::string pool;
    std::string server;  // its name, or its number from 1; empty: the pool has only one
    Endpoint address;

    bool operator==(const Target&) const = default;
};

struct Change {
    std::string pool;
    int line = 0;        // in the text, counted from 1
    std::string before;  // the server, as YAML reads it; not the line, where a password may be
    std::string after;
};

struct Edited {
    std::string text;
    std::vector<Change> changes;  // none: it was right already
};

// A sentence when the text is no configuration of nutcracker, has no such pool or server, or when
// the edit could not be proved, by parsing the result, to change just these addresses.
config::Parsed<Edited> edit(std::string_view text, std::span<const Target> targets);

// The changed servers, much as `diff` would show them.
std::string to_diff(const Edited& edited);

}  // namespace spoa::twemproxy
