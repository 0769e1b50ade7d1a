#pragma once

#include "config/diagnostic.hpp"

#include <compare>
#include <string_view>
#include <vector>

namespace spoa::config {

// Where something stands in the file, counted from 1.
struct Place {
    int line = 0;
    int column = 0;

    auto operator<=>(const Place&) const = default;
};

// Collects what there is to tell while the file is read.
class Report {
public:
    // The text becomes printable: it may quote the file.
    void error(Place place, std::string_view text);
    void warning(Place place, std::string_view text);
    void note(Place place, std::string_view text);

    // Everything in the order of the file. What an alias brought up many times is said once.
    std::vector<Diagnostic> take() &&;

private:
    std::vector<Diagnostic> diagnostics_;
};

}  // namespace spoa::config
