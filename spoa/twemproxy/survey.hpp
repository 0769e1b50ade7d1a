#pragma once

#include "config/config.hpp"

#include <span>
#include <string>
#include <string_view>

namespace spoa::twemproxy {

// What the agent would do to a nutcracker.yml, for people.
struct Survey {
    bool good = true;  // all of it can be done
    std::string text;
};

// `text` is what stands in the file.
Survey survey(
    const config::Twemproxy& settings, std::string_view text,
    std::span<const config::Master> masters);

}  // namespace spoa::twemproxy
