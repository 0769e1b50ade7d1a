#pragma once

#include "haproxy_api/reply.hpp"

#include <set>
#include <string>
#include <vector>

namespace spoa::test {

inline haproxy_api::ServerSeen in(const std::string& name, std::uint64_t sessions = 0)
{
    haproxy_api::ServerSeen server;
    server.name = name;
    server.sessions = sessions;
    return server;
}

inline haproxy_api::ServerSeen out(const std::string& name, std::uint64_t sessions = 0)
{
    auto server = in(name, sessions);
    server.maint = true;
    return server;
}

inline haproxy_api::ServerSeen at(haproxy_api::ServerSeen server, const std::string& address)
{
    server.address = parse_endpoint(address).value();
    return server;
}

inline haproxy_api::BackendSeen backend(
    std::vector<haproxy_api::ServerSeen> servers, std::set<std::string> marked = {})
{
    return {"b", 3, std::move(servers), std::move(marked)};
}

}  // namespace spoa::test
