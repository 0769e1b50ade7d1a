#include "config/report.hpp"

#include "base/printable.hpp"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace spoa::config {

void Report::error(Place place, std::string_view text)
{
    diagnostics_.push_back({Severity::error, place.line, place.column, printable(text)});
}

void Report::warning(Place place, std::string_view text)
{
    diagnostics_.push_back({Severity::warning, place.line, place.column, printable(text)});
}

void Report::note(Place place, std::string_view text)
{
    diagnostics_.push_back({Severity::note, place.line, place.column, printable(text)});
}

std::vector<Diagnostic> Report::take() &&
{
    std::set<Diagnostic> said;
    std::erase_if(diagnostics_, [&](const Diagnostic& d) { return !said.insert(d).second; });
    std::ranges::stable_sort(
        diagnostics_, {}, [](const Diagnostic& d) { return std::tuple(d.line, d.column); });
    return std::move(diagnostics_);
}

}  // namespace spoa::config
