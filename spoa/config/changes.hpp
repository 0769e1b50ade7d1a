#pragma once

#include "config/config.hpp"

#include <string>
#include <vector>

namespace spoa::config {

// One key that differs between two configurations, with its values as text. Of a secret both say
// only whether there is one and that it changed; a value that is missing is empty.
struct Change {
    std::string
        key;  // as in docs/configuration.md, with the name of a master or server for its place
    std::string before;
    std::string after;

    bool operator==(const Change&) const = default;
};

// What differs, key by key, in the order of the keys. Files of TLS count by their paths alone.
std::vector<Change> changes_between(const Config& before, const Config& after);

}  // namespace spoa::config
