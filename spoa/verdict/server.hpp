#pragma once

#include "base/endpoint.hpp"

#include <string>

namespace spoa::verdict {

// One of HAProxy's servers: its name there, and its address as the Sentinels announce it.
struct Server {
    std::string name;
    Endpoint address;

    bool operator==(const Server&) const = default;
};

}  // namespace spoa::verdict
