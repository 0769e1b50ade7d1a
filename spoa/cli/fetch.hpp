#pragma once

#include "base/endpoint.hpp"

#include <string>

namespace spoa::cli {

// A page of the agent's HTTP. Throws std::runtime_error with a sentence when there is no answer,
// or another than this page; `absent` is the sentence for a page that does not exist.
std::string fetch_page(
    const SocketAddress& agent, const std::string& target, const std::string& absent = {});

}  // namespace spoa::cli
