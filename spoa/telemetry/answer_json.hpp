#pragma once

#include "base/printable.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace spoa::telemetry {

// Parses what an agent has answered to a command. It may be another version, or no agent at all:
// its texts come out printable and bounded; keys that are not, and whatever is nested deeper than
// any answer of ours, are left out.
// Throws what `Json` throws.
template <class Json>
Json parse_answer(std::string_view text)
{
    using Event = typename Json::parse_event_t;
    return Json::parse(text, [](int depth, Event event, Json& parsed) {
        constexpr int deepest = 16;
        constexpr std::size_t longest = 4'096;
        if (!parsed.is_string())
            return depth <= deepest;
        auto clean = printable(parsed.template get_ref<const std::string&>(), longest);
        if (event == Event::key)
            return clean == parsed.template get_ref<const std::string&>();
        parsed = std::move(clean);
        return depth <= deepest;
    });
}

}  // namespace spoa::telemetry
