"""Two ways to route with HAProxy's own checks alone, to compare with. What they lose is measured, not
mended: both are written as an administrator would write them, with HAProxy's usual values."""

GLOBAL = """\
global
    maxconn {maxconn}
    stats socket {control} mode 600 level admin

defaults
    mode tcp
    timeout connect 1s
    timeout client  10s
    timeout server  10s
    timeout check   2s
    retries 3
    option redispatch

frontend redis_clients
    bind 127.0.0.1:{port}
    default_backend redis_nodes
"""

ASK_REDIS = """
# Whoever says that he is a master is one.
backend redis_nodes
    option tcp-check
    tcp-check connect
    tcp-check send "PING\\r\\n"
    tcp-check expect string +PONG
    tcp-check send "INFO replication\\r\\n"
    tcp-check expect string role:master
    tcp-check send "QUIT\\r\\n"
    tcp-check expect string +OK
    default-server check inter 1s
"""

# No QUIT: Sentinel 7 answers it with an error, and every check would fail.
ASK_SENTINELS = """
# A server here is a Sentinel that names {server}.
backend sentinels_for_{server}
    option tcp-check
    tcp-check connect
    tcp-check send "PING\\r\\n"
    tcp-check expect string +PONG
    tcp-check send "SENTINEL master {name}\\r\\n"
    tcp-check expect string {host}
    default-server check inter 2s
"""


def server_lines(nodes):
    return "".join(f"    server {name} {node.address}\n" for name, node in nodes.items())


def by_role(deployment, **settings):
    """HAProxy asks the Redis nodes for their role."""
    return GLOBAL.format(**settings) + ASK_REDIS + server_lines(deployment.group.servers)


def by_sentinels(deployment, **settings):
    """HAProxy asks the Sentinels, and takes the node that two of them name."""
    group = deployment.group
    sentinels = {f"S{number}": node for number, node in enumerate(deployment.sentinels, 1)}
    text = GLOBAL.format(**settings)
    for server, node in group.servers.items():
        text += ASK_SENTINELS.format(server=server, host=node.host, name=group.name)
        text += server_lines(sentinels)
    text += "\nbackend redis_nodes\n"
    for server in group.servers:
        text += (f"    use-server {server} if {{ srv_is_up({server}) }} "
                 f"{{ nbsrv(sentinels_for_{server}) ge {deployment.majority} }}\n")
    return text + "    default-server check inter 1s\n" + server_lines(group.servers)
