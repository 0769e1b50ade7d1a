#include "haproxy_config/routing.hpp"

#include "base/identifier.hpp"
#include "config/servers.hpp"
#include "config/units.hpp"
#include "haproxy_config/fill.hpp"
#include "haproxy_config/layout.hpp"

#include <algorithm>

namespace spoa::haproxy_config {
namespace {

constexpr std::string_view frontend_text = R"(
@TITLE@frontend @FRONTEND@
    bind :@PORT@

    # Who may connect: this host and private networks. Narrow it down to your clients' addresses.
    acl allowed_client src 127.0.0.0/8 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 ::1 fc00::/7
    tcp-request connection reject unless allowed_client

)";

constexpr std::string_view wait_for_agent_text =
    R"(    # Without an agent nobody is asked (the SPOE file sees to that) and the gate refuses at once. Why, for the log.
    tcp-request session set-var(sess.sentinel.reason) str("no agent is up") if { nbsrv(sentinel_agents) eq 0 }

)";

constexpr std::string_view ask_text = R"(    # Ask the agent for @WHOM@ of this name.
    tcp-request session set-var(sess.redis_master) @MASTER@
@ROLE@    filter spoe engine sentinel config @SPOE_FILE@

)";

// The name is for the error line.
constexpr std::string_view know_text =
    R"(    # What the agent has said last of the master of this name. Mostly the first line says it all.
    tcp-request session set-var(sess.redis_master) @MASTER@
    tcp-request content set-var(sess.sentinel.server) var(sess.redis_master),lua.sentinel_server(clear)
    acl no_server var(sess.sentinel.server) -m len 0
@WAIT@    tcp-request content set-var(sess.sentinel.state) var(sess.redis_master),lua.sentinel_state if no_server
    tcp-request content set-var(sess.sentinel.server) var(sess.redis_master),lua.sentinel_server if no_server

)";

// The role is for the error line, too.
constexpr std::string_view know_reads_text =
    R"(    # What the agent has said last of the replicas of this name, each in its turn, or the fallback.
    tcp-request session set-var(sess.redis_master) @MASTER@
    tcp-request session set-var(sess.redis_role) str(replica)
    tcp-request content set-var(sess.sentinel.server) var(sess.redis_master),lua.sentinel_read(clear)
    acl no_server var(sess.sentinel.server) -m len 0
@WAIT@    tcp-request content set-var(sess.sentinel.state) var(sess.redis_master),lua.sentinel_state if no_server
    tcp-request content set-var(sess.sentinel.server) var(sess.redis_master),lua.sentinel_read if no_server

)";

constexpr std::string_view fall_back_text =
    R"(    # The agent's answer counts, whatever it says. Without one, what it has said last.
    acl answered var(sess.sentinel.state) -m found
@WAIT@    tcp-request content set-var(sess.sentinel.server) var(sess.redis_master),lua.@FETCH@ unless answered
    tcp-request content set-var(sess.sentinel.state) var(sess.redis_master),lua.sentinel_state unless answered

)";

constexpr std::string_view wait_text =
    R"(    # @WHILE@. The delay must be the longer one.
    tcp-request inspect-delay @DELAY@
    tcp-request content lua.@ACTION@ @NAME@ @LIMIT@@CONDITION@
)";

constexpr std::string_view cut_text =
    R"(    # Maintenance ends the sessions. HAProxy 3.0 freezes those that are connecting then: there the
    # agent ends them, 50 ms later.
.if version_before(2.7-dev0) || version_atleast(3.2-dev0)
    default-server on-marked-down shutdown-sessions
.endif
)";

constexpr std::string_view use_server_gate =
    R"(    # The gate. Whatever goes wrong, the verdict names none of these, and the client is refused.
@NODES@    tcp-request content @REFUSE@ unless known_node
    default_backend @BACKEND@

backend @BACKEND@
    # When the server that a rule picks is down, HAProxy forgets the rule and balances. Weight 0
    # leaves balancing nothing to choose: keep it on every server, without cookies, stick rules
    # and `set weight`. The stats page calls this backend down for it; look at its servers.
    use-server %[var(sess.sentinel.server)] if { var(sess.sentinel.server) -m found }
    default-server weight 0
@CUT@)";

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
@CUT@    server master 0.0.0.0:0
)";

std::string role_line(Asks asks)
{
    switch (asks) {
        case Asks::nothing: return {};
        case Asks::master: return "    tcp-request session set-var(sess.redis_role) str(master)\n";
        case Asks::replica:
            return "    tcp-request session set-var(sess.redis_role) str(replica)\n";
    }
    return {};
}

std::string ask(const config::Master& master, std::string_view directory, Asks asks)
{
    return fill(
        ask_text,
        {{"MASTER", sample_of(master.name)},
         {"WHOM", asks == Asks::replica ? "a replica" : "the master"},
         {"ROLE", role_line(asks)},
         {"SPOE_FILE", path_in(directory, spoe_file_name)}});
}

// Empty where the policy lets no connection wait.
std::string wait(const config::Master& master, Asks asks, std::string_view condition)
{
    const bool reads = asks == Asks::replica;
    const auto limit = master.policy.wait;
    if (limit.count() == 0)
        return {};
    return fill(
        wait_text,
        {{"WHILE",
          reads ? "Where the policy lets a read wait, wait for somebody to serve it"
                : "While a failover is under way, wait for its end"},
         {"ACTION", reads ? "sentinel_wait_read" : "sentinel_wait"},
         {"NAME", word_of(master.name)},
         {"DELAY", config::to_string(limit + config::processing_margin)},
         {"LIMIT", config::to_string(limit)},
         {"CONDITION", condition}});
}

// How the verdict comes into sess.sentinel.*.
std::string verdict_lines(
    const config::Master& master, Form form, std::string_view directory, Asks asks)
{
    switch (form) {
        case Form::use_server:
        case Form::backends:
        case Form::set_dst: return std::string(wait_for_agent_text) + ask(master, directory, asks);
        case Form::lua:
            return fill(
                asks == Asks::replica ? know_reads_text : know_text,
                {{"MASTER", sample_of(master.name)},
                 {"WAIT", wait(master, asks, " if no_server")}});
        case Form::lua_fallback:
            return ask(master, directory, asks) +
                   fill(
                       fall_back_text,
                       {{"WAIT", wait(master, asks, " unless answered")},
                        {"FETCH", asks == Asks::replica ? "sentinel_read" : "sentinel_server"}});
    }
    return {};
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

std::string server_line(const config::Master& master, const config::Server& server)
{
    const auto& address = connect_address(master, server);
    // It starts whether or not the name can be looked up, at an address that leads nowhere (RFC
    // 5737), and the agent tells it where the name leads: one without any cannot be told
    // (measured).
    const bool is_name = ip_version(address.host) == IpVersion::none;
    return "    server " + server.name + ' ' + exact_text(address) +
           (is_name ? " init-addr last,libc,192.0.2.1" : "");
}

std::string use_server(const config::Master& master, std::string_view refuse)
{
    auto out = fill(
        use_server_gate,
        {{"NODES", known_nodes(master, Form::use_server)},
         {"REFUSE", refuse},
         {"BACKEND", nodes_backend_of(master.name)},
         {"CUT", cut_text}});
    for (const auto& server : master.servers)
        out += server_line(master, server) + '\n';
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
        out.append("\nbackend " + server_backend_of(master.name, server.name) + '\n')
            .append(cut_text)
            .append(server_line(master, server) + '\n');
    return out;
}

std::string set_dst(const config::Master& master)
{
    return fill(
        set_dst_gate,
        {{"NODES", known_nodes(master, Form::set_dst)},
         {"BACKEND", nodes_backend_of(master.name)},
         {"CUT", cut_text}});
}

std::string gate_and_backends(const config::Master& master, Form form)
{
    switch (form) {
        case Form::use_server: return use_server(master, "reject");
        case Form::backends: return backends(master);
        case Form::set_dst: return set_dst(master);
        case Form::lua:
        case Form::lua_fallback: return use_server(master, "use-service lua.sentinel_refuse");
    }
    return {};
}

// Where a name is written in another way, the way it is meant.
std::string title(const std::string& name)
{
    return identifier_of(name) == name
               ? ""
               : "# For the name '" + name + "': HAProxy's own names have no such signs.\n";
}

}  // namespace

std::string routing(
    const config::Master& master, std::size_t port, Form form, std::string_view directory,
    Asks asks)
{
    auto proxies = master;  // what they are called after
    if (asks == Asks::replica)
        proxies.name = read_name_of(master.name);
    return fill(
               frontend_text,
               {{"TITLE", title(master.name)},
                {"FRONTEND", frontend_of(proxies.name)},
                {"PORT", std::to_string(port)}}) +
           verdict_lines(master, form, directory, asks) + gate_and_backends(proxies, form);
}

}  // namespace spoa::haproxy_config
