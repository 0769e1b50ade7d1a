#include "haproxy_config/sections.hpp"

#include "base/percent.hpp"
#include "config/units.hpp"
#include "haproxy_config/fill.hpp"
#include "haproxy_config/layout.hpp"

#include <algorithm>
#include <chrono>

namespace spoa::haproxy_config {
namespace {

constexpr std::string_view global_text =
    R"(# HAProxy for Redis behind Sentinel: sentinel-spoa says which node a connection may go to.
# Form @FORM@, for HAProxy 2.6 to 3.4. Every line is explained in docs/haproxy.md.

global
    user  haproxy
    group haproxy
@CHROOT@
@SOCKET@
@LUA@    # Each takes two file descriptors. Below the 10000 clients that Redis accepts by default.
    maxconn 8000

@RELOAD@
    # To a collector instead: log 192.0.2.1:514 local0
    log /dev/log local0

defaults
    mode tcp
    log  global

    # What `option tcplog` writes, then bytes from the client, then the verdict.
    log-format "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq in=%U state=%[var(sess.sentinel.state)] server=%[var(sess.sentinel.server)]@LOGGED@ reason=%{+Q,+E}[var(sess.sentinel.reason)]"

    # A node that refuses is not tried again, and the kernel repeats a lost packet after a second.
    # Never `option redispatch`: that tries another node.
    timeout connect 1200ms
    retries 0

    # BLPOP and subscribers are silent for hours and must not be cut for that. A peer that vanished
    # is found by TCP keep-alive instead, within two minutes.
    timeout client 24h
    timeout server 24h
    option clitcpka
    option srvtcpka
    clitcpka-idle  60s
    clitcpka-intvl 10s
    clitcpka-cnt   6
    srvtcpka-idle  60s
    srvtcpka-intvl 10s
    srvtcpka-cnt   6

    # Once one side has hung up, the session is over. Without these lines, sessions whose client
    # has left wait for Redis to speak, and not even maintenance ends them.
    option abortonclose
    timeout client-fin 1s
    timeout server-fin 1s
)";

constexpr std::string_view with_hard_stop =
    R"(    # After a reload the old process keeps its sessions, out of reach of the socket above: for
    # this long a failover may leave some of them on the old master. With `master_cli` in the agent's
    # configuration it reaches them, and this line is not written.
    hard-stop-after 1s
)";

constexpr std::string_view without_hard_stop =
    R"(    # After a reload the old process keeps its sessions. The agent ends those on a former master over
    # the master CLI, so no `hard-stop-after` has to: a reload disturbs nobody.
)";

constexpr std::string_view with_chroot = R"(    chroot /var/lib/haproxy)";

// 3.4 warns when the line is missing, and takes this one for a deliberate choice.
constexpr std::string_view without_chroot =
    R"(    # This is no chroot: in one, HAProxy could not reach the agent's UNIX socket. To have both, let
    # the agent listen below /var/lib/haproxy.
    chroot /)";

constexpr std::string_view logged_of_spoe =
    R"( addr=%[var(sess.sentinel.ip)]:%[var(sess.sentinel.port)] epoch=%[var(sess.sentinel.epoch)] votes=%[var(sess.sentinel.votes)]/%[var(sess.sentinel.sentinels)] spoe_ms=%[var(txn.sentinel.ptime)] spoe_error=%[var(txn.sentinel.error)])";

constexpr std::string_view admin_socket =
    R"(    # Here the agent cuts sessions and sets maintenance (`haproxy:` in its configuration). Members of
    # the group haproxy may do everything on it: the agent's user, and nobody else.
    stats socket /run/haproxy/admin.sock group haproxy mode 660 level admin
)";

constexpr std::string_view user_socket =
    R"(    # For people: `show sentinel`, `show stat`. Nobody needs more, as sessions are cut from inside.
    stats socket /run/haproxy/admin.sock group haproxy mode 660 level user
)";

constexpr std::string_view lua_text =
    R"(    # Follows the agent's events. Its options, a word each: docs/lua.md.
@OPTIONS@.if version_atleast(3.2-dev0)
    tune.lua.bool-sample-conversion normal
.endif
    lua-load @LUA_FILE@

)";

constexpr std::string_view agents_text = R"(
backend sentinel_agents
    # Before 3.1 `mode spop` is unknown. From 3.1 on `mode tcp` still loads, but where this backend
    # stands before the frontends, every client then opens its own connection to the agent.
.if version_atleast(3.1-dev0)
    mode spop
.else
    mode tcp
.endif
    timeout connect 100ms
    timeout server  @SERVER@
    timeout check   200ms

    # A dead agent must be known as such: unchecked it costs every client `timeout processing`. One
    # that hangs is found within 1.5 s, and what waits for its answer ends.
    # Here, and only here, another server is as good: agents give the same answers. The first one gets
    # all questions, and when it cannot be reached the next one does at once.
    balance first
    option spop-check
    option redispatch 1
    retries 1
    default-server check inter 500ms fastinter 300ms fall 2 rise 1 on-marked-down shutdown-sessions
@SERVERS@    # A second agent: server a@NEXT@ 192.0.2.2:9000
)";

constexpr std::string_view stats_text = R"(
# http://127.0.0.1:8404/ for people, user admin; /metrics for Prometheus, without a password.
frontend stats
    mode http
    bind 127.0.0.1:8404
    timeout client 10s
    timeout http-request 5s
    http-request set-log-level silent
.if feature(PROMEX)
    http-request use-service prometheus-exporter if { path /metrics }
.endif
    # The password comes from the environment (Debian: /etc/default/haproxy). Without one, or with
    # an empty one, there is no page.
    http-request return status 403 content-type text/plain string "HAPROXY_STATS_PASSWORD is not set\n" unless { env(HAPROXY_STATS_PASSWORD) -m len gt 0 }
.if defined(HAPROXY_STATS_PASSWORD)
    stats enable
    stats uri /
    stats auth "admin:${HAPROXY_STATS_PASSWORD}"
    stats refresh 5s
.endif
)";

constexpr std::string_view spoe_text =
    R"(# How HAProxy asks sentinel-spoa: one question a connection, before the client has said anything.
# Every line is explained in docs/haproxy.md.

[sentinel]
spoe-agent sentinel-agent
    messages sentinel-verdict
    option var-prefix       sentinel
    option set-on-error     error
    option set-process-time ptime

    # Many questions on one connection, each answered on the connection it came by.
    option pipelining
    no option async
    no option send-frag-payload
    # Up to 3.0, nearly each client that waits would open one more, and they stay, until HAProxy has
    # no socket left. Those that are there are enough. Ignored from 3.1 on.
    maxconnrate 30

@PROCESSING@    # Needed up to 3.0, ignored from 3.1 on.
    timeout hello      100ms
    timeout idle       @IDLE@

    use-backend sentinel_agents

spoe-message sentinel-verdict
    # Each frontend sets this variable to the name it is for.
    args  master=var(sess.redis_master)@ROLE@
    # Where no agent is up there is nobody to ask, and nothing to wait for.
    event on-client-session if { nbsrv(sentinel_agents) gt 0 }
)";

constexpr std::string_view processing_without_wait =
    R"(    # The longest that a client waits for a verdict. After it, the client is refused.
    timeout processing 300ms
)";

constexpr std::string_view processing_with_wait =
    R"(    # The longest that a client waits for a verdict: `wait` of the agent's policy and a margin.
    # After it, the client is refused.
    timeout processing @TIMEOUT@
)";

// How long HAProxy waits for an answer, and keeps a connection on which none comes. Each must
// outlast the one before, or it ends connections on which a client waits.
struct Patience {
    std::chrono::milliseconds processing;
    std::chrono::milliseconds idle;
    std::chrono::milliseconds server;
};

Patience patience(const config::Config& config)
{
    using namespace std::chrono_literals;
    const auto wait = config::longest_wait(config);
    const auto processing = wait > 0ms ? wait + config::processing_margin : 300ms;
    const auto idle = std::max<std::chrono::milliseconds>(30s, processing + 10s);
    return {processing, idle, idle + 30s};
}

std::string processing_lines(const config::Config& config, Form form)
{
    // With Lua at hand, nobody waits long for an answer, and Lua waits for a master.
    if (uses_lua(form) || config::longest_wait(config).count() == 0)
        return std::string(processing_without_wait);
    return fill(
        processing_with_wait, {{"TIMEOUT", config::to_string(patience(config).processing)}});
}

// HAProxy gives up its chroot only for an agent that it could not reach otherwise.
bool keeps_chroot(const config::Spop& spop)
{
    return std::ranges::any_of(spop.listen, reachable_from_chroot);
}

std::string option_line(const std::string& words)
{
    return "    setenv SENTINEL_SPOA_LUA \"" + words + "\"\n";
}

// Whether Lua cuts the sessions: the agent does where it has been told to.
bool cuts_from_inside(const config::Config& config, Form form)
{
    return uses_lua(form) && config.haproxies.empty();
}

// Up to 3.0 a connection of Lua's stops for good when more than its buffer comes at once: some 35
// names. With more, each has a connection of its own.
constexpr std::size_t most_names_at_once = 20;

std::string lua_lines(const config::Config& config, Form form, std::string_view directory)
{
    if (!uses_lua(form))
        return {};
    std::string agents;
    for (const auto& listener : config.http.listen)
        if (listener.unix_path.empty())
            agents += (agents.empty() ? "agent=" : " agent=") + agent_address(listener);
    auto options = option_line(agents + " max_age=5s");
    if (config.masters.size() > most_names_at_once)
        for (const auto& master : config.masters)
            options += option_line("${SENTINEL_SPOA_LUA} name=" + percent_encoded(master.name));
    const auto keep =
        [&](std::string_view key, const std::string& backend, const std::string& name) {
            options += option_line(
                "${SENTINEL_SPOA_LUA} " + std::string(key) + '=' + backend + '/' +
                percent_encoded(name));
        };
    if (cuts_from_inside(config, form))
        for (const auto& master : config.masters) {
            keep("backend", nodes_backend_of(master.name), master.name);
            if (master.replicas)
                keep("read_backend", nodes_backend_of(read_name_of(master.name)), master.name);
        }
    return fill(lua_text, {{"OPTIONS", options}, {"LUA_FILE", path_in(directory, lua_file_name)}});
}

}  // namespace

std::string head(const config::Config& config, Form form, std::string_view directory)
{
    const bool old_workers_in_reach =
        !config.haproxies.empty() && std::ranges::all_of(config.haproxies, [](const auto& haproxy) {
            return haproxy.master_cli.has_value();
        });
    const bool chroot = !uses_spoe(form) || keeps_chroot(config.spop);
    return fill(
        global_text,
        {{"FORM", to_string(form)},
         {"CHROOT", chroot ? with_chroot : without_chroot},
         {"SOCKET", cuts_from_inside(config, form) ? user_socket : admin_socket},
         {"RELOAD", old_workers_in_reach ? without_hard_stop : with_hard_stop},
         {"LUA", lua_lines(config, form, directory)},
         {"LOGGED", uses_spoe(form) ? logged_of_spoe : ""}});
}

std::string agents_backend(const config::Config& config)
{
    const auto& spop = config.spop;
    std::string servers;
    std::size_t number = 0;
    for (const auto& listener : spop.listen) {
        if (keeps_chroot(spop) && !reachable_from_chroot(listener))
            continue;
        ++number;
        servers += "    server a" + std::to_string(number) + ' ' + agent_address(listener);
        servers += number == 1 ? "\n" : " backup  # the same agent, by another way\n";
    }
    return fill(
        agents_text,
        {{"SERVER", config::to_string(patience(config).server)},
         {"SERVERS", servers},
         {"NEXT", std::to_string(number + 1)}});
}

std::string stats_frontend()
{
    return std::string(stats_text);
}

bool uses_roles(const config::Config& config, Form form)
{
    return uses_spoe(form) && std::ranges::any_of(config.masters, [](const auto& master) {
               return master.replicas.has_value();
           });
}

std::string spoe_file(const config::Config& config, Form form)
{
    return fill(
        spoe_text,
        {{"PROCESSING", processing_lines(config, form)},
         {"IDLE", config::to_string(patience(config).idle)},
         {"ROLE", uses_roles(config, form) ? " role=var(sess.redis_role)" : ""}});
}

}  // namespace spoa::haproxy_config
