#include "haproxy_config/fill.hpp"

#include <algorithm>
#include <cassert>

namespace spoa::haproxy_config {

std::string fill(std::string_view text, Blanks values)
{
    std::string out;
    for (auto at = text.find('@'); at != std::string_view::npos; at = text.find('@')) {
        const auto end = text.find('@', at + 1);
        assert(end != std::string_view::npos);
        const auto blank = text.substr(at + 1, end - at - 1);
        const auto* const value =
            std::ranges::find_if(values, [&](const auto& v) { return v.first == blank; });
        assert(value != values.end());

        out += text.substr(0, at);
        out += value->second;
        text.remove_prefix(end + 1);
    }
    return out += text;
}

}  // namespace spoa::haproxy_config
