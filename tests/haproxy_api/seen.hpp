#pragma once

#include "haproxy_api/reply.hpp"

#include <set>
#include <string>
#include <vector>

namespace spoa::test {

inline haproxy_api::ServerSeen in(const std::string& name, std::uint64_t sessions = 0)
{
    return {name, false, false, false, sessions};
}

inline haproxy_api::ServerSeen out(const std::string& name, std::uint64_t sessions = 0)
{
    return {name, true, false, false, sessions};
}

inline haproxy_api::BackendSeen backend(
    std::vector<haproxy_api::ServerSeen> servers, std::set<std::string> marked = {})
{
    return {"b", 3, std::move(servers), std::move(marked)};
}

}  // namespace spoa::test
