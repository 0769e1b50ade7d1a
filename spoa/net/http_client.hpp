#pragma once

#include "base/endpoint.hpp"

#include <chrono>
#include <string>

namespace spoa::net {

struct HttpReply {
    unsigned status = 0;
    std::string body;
};

// Where an agent's HTTP is, from `http://host:port`, `host:port` or `unix:/path`.
// Throws std::runtime_error with a sentence when it is none of them.
SocketAddress parse_url(const std::string& url);

// GETs `target`; blocks for `limit` at most. Throws std::runtime_error with a sentence when there
// is no answer.
HttpReply http_get(
    const SocketAddress& address, const std::string& target, std::chrono::milliseconds limit);

}  // namespace spoa::net
