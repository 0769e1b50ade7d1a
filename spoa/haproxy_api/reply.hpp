// What HAProxy answers to a batch. Until it is parsed, it is text from a stranger.
//
// Replies follow each other without a mark between them, and whether an empty line ends each
// depends on the command and the version. So a line is known by what it is: the header of a table,
// a row of the table that was begun, a variable, or else a complaint. A table ends with an empty
// line, and its header says where each column is.
#pragma once

#include "base/endpoint.hpp"
#include "base/peer_text.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::haproxy_api {

// One server as HAProxy has it.
struct ServerSeen {
    std::string name;
    bool maint = false;  // forced by the runtime API or `disabled`: by us or an operator
    bool other = false;  // maintenance that is nobody's command: no address, or of a tracked one
    bool drain = false;  // by the runtime API
    // Balancing would give it connections by haproxy.cfg, and does not: it drains, or its weight
    // was set to 0. A rule that picks it goes on.
    bool unbalanced = false;
    bool stopped = false;               // without any of these: its check has failed
    std::optional<Endpoint> address{};  // where it connects to; nothing: none, or a UNIX socket
    std::uint64_t sessions = 0;  // before the commands of the batch, where they were asked for

    bool operator==(const ServerSeen&) const = default;
};

struct BackendSeen {
    std::string name;
    std::uint64_t id = 0;
    std::vector<ServerSeen> servers;
    std::set<std::string> marked;  // which the agent has put into maintenance

    const ServerSeen* find(std::string_view server) const;
    bool operator==(const BackendSeen&) const = default;
};

struct Reply {
    std::vector<BackendSeen> backends;  // those that were answered in full
    std::vector<PeerText> complaints;   // lines that belong to no table
    bool cut = false;                   // it ends in the middle, or a table cannot be read

    const BackendSeen* find(std::string_view backend) const;
};

Reply parse_reply(std::string_view text);

// The first complaint as a sentence that says what to change; empty without one. Backends and
// servers that were not found are not complained of: they are not in `backends`.
std::string trouble_in(const Reply& reply);

}  // namespace spoa::haproxy_api
