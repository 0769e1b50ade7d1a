// Whether a server of HAProxy is the machine that its name stands for. A verdict names a server,
// and HAProxy alone knows where that leads: swapped addresses would send every write to a replica.
//
//   one of the server's own addresses                    right
//   the address of another server of the name            elsewhere
//   one of its own hosts, and any port will do            other_port: nutcracker may stand in front
//   everything else                                       elsewhere
//   no address in HAProxy, or the host is not looked up   unknown
//     (of several, the one with this port)
#pragma once

#include "haproxy_api/reply.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::haproxy_api {

// Where HAProxy may connect to for one server. IP addresses: host names are looked up already.
struct Place {
    std::vector<Endpoint> addresses;  // empty: its host name has no address yet
    bool any_port = false;            // on these hosts, where the configuration does not say which
    bool moves = false;               // it has a host name: HAProxy is told where that leads
    std::vector<std::uint16_t> open_ports{};  // of host names that have no address yet

    bool operator==(const Place&) const = default;
};
using Places = std::map<std::string, Place, std::less<>>;  // by the server's name

enum class Placement { unknown, right, other_port, elsewhere };

// `server` must be one of `places`, or it is unknown.
Placement placement_of(const ServerSeen& server, const Places& places);

// Where HAProxy has to be told to connect to: the server is not where its host name leads. Nothing
// where that is for haproxy.cfg to say (the port, with `connect:`), or is not known; and where the
// server has no address at all, as HAProxy gives none to such a one.
std::optional<Endpoint> move_of(const ServerSeen& server, const Places& places);

// What is wrong and what to do, as the end of a sentence about the server; empty when nothing is.
std::string complaint_about(const ServerSeen& server, const Places& places);

}  // namespace spoa::haproxy_api
