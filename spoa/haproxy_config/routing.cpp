#include "haproxy_config/routing.hpp"

#include "haproxy_config/fill.hpp"
#include "haproxy_config/layout.hpp"

#include <algorithm>

namespace spoa::haproxy_config {
namespace {

constexpr std::string_view frontend_text = R"(
frontend @FRONTEND@
    bind :@PORT@

    # Who may connect: this host and private networks. Narrow it down to your clients' addresses.
    acl allowed_client src 127.0.0.0/8 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 ::1 fc00::/7
    tcp-request connection reject unless allowed_client

    # Without an agent there is no verdict to wait for.
    tcp-request session reject if { nbsrv(sentinel_agents) eq 0 }

    # Ask the agent for the master of this name.
    tcp-request session set-var(sess.redis_master) str(@MASTER@)
    filter spoe engine sentinel config @SPOE_FILE@

)";

constexpr std::string_view use_server_gate =
    R"(    # The gate. Whatever goes wrong, the verdict names none of these, and the client is refused.
@NODES@    tcp-request content reject unless known_node
    default_backend @BACKEND@

backend @BACKEND@
    # When the server that a rule picks is down, HAProxy forgets the rule and balances. Weight 0
    # leaves balancing nothing to choose: keep it on every server, without cookies, stick rules
    # and `set weight`. The stats page calls this backend down for it; look at its servers.
    use-server %[var(sess.sentinel.server)] if { var(sess.sentinel.server) -m found }
    default-server weight 0 on-marked-down shutdown-sessions
)";

constexpr std::string_view backends_gate =
    R"(    # One backend a server: there is no wrong choice to make. Without a verdict, an empty backend.
@NODES@    use_backend @FRONTEND@_%[var(sess.sentinel.server)] if known_node
    default_backend @REFUSE@

backend @REFUSE@
)";

constexpr std::string_view set_dst_gate =
    R"(    # The gate: exactly these addresses with these ports. Without it a connection would go to where
    # the client thought it went, HAProxy itself.
@NODES@    tcp-request content reject unless known_node
    tcp-request content set-dst      var(sess.sentinel.ip)
    tcp-request content set-dst-port var(sess.sentinel.port)
    default_backend @BACKEND@

backend @BACKEND@
    # No `check` here: it would probe 0.0.0.0, fail, and close the way for good.
    server master 0.0.0.0:0 on-marked-down shutdown-sessions
)";

// Within single quotes HAProxy takes every character for itself.
std::string spoe_path(std::string_view directory)
{
    const auto path = std::string(directory) + '/' + std::string(spoe_file_name);
    const bool plain = path.find_first_of(" \t\"#$\\") == std::string::npos;
    return plain ? path : '\'' + path + '\'';
}

// Lines of one ACL are alternatives. HAProxy takes 64 words a line, hence one line a node.
std::string known_nodes(const config::Master& master, Form form)
{
    std::string lines;
    for (const auto& [name, address] : master.servers) {
        if (form == Form::set_dst)
            lines +=
                "    acl known_node var(sess.sentinel.ip),concat(:,sess.sentinel.port) -m str " +
                address.host + ':' + std::to_string(address.port) + "  # " + name + '\n';
        else
            lines += "    acl known_node var(sess.sentinel.server) -m str " + name + '\n';
    }
    return lines;
}

std::string server_line(const config::Server& server)
{
    return "    server " + server.name + ' ' + to_string(server.address);
}

std::string use_server(const config::Master& master)
{
    auto out = fill(
        use_server_gate,
        {{"NODES", known_nodes(master, Form::use_server)},
         {"BACKEND", nodes_backend_of(master.name)}});
    for (const auto& server : master.servers)
        out += server_line(server) + '\n';
    return out;
}

std::string backends(const config::Master& master)
{
    auto out = fill(
        backends_gate,
        {{"NODES", known_nodes(master, Form::backends)},
         {"FRONTEND", frontend_of(master.name)},
         {"REFUSE", refuse_backend_of(master.name)}});
    for (const auto& server : master.servers)
        out += "\nbackend " + server_backend_of(master.name, server.name) + '\n' +
               server_line(server) + " on-marked-down shutdown-sessions\n";
    return out;
}

std::string set_dst(const config::Master& master)
{
    return fill(
        set_dst_gate,
        {{"NODES", known_nodes(master, Form::set_dst)},
         {"BACKEND", nodes_backend_of(master.name)}});
}

std::string gate_and_backends(const config::Master& master, Form form)
{
    switch (form) {
        case Form::use_server: return use_server(master);
        case Form::backends: return backends(master);
        case Form::set_dst: return set_dst(master);
    }
    return {};
}

}  // namespace

std::string routing(
    const config::Master& master, std::size_t port, Form form, std::string_view directory)
{
    return fill(
               frontend_text,
               {{"FRONTEND", frontend_of(master.name)},
                {"PORT", std::to_string(port)},
                {"MASTER", master.name},
                {"SPOE_FILE", spoe_path(directory)}}) +
           gate_and_backends(master, form);
}

}  // namespace spoa::haproxy_config
