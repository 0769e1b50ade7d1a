"""Redis and Sentinels as in Kubernetes: a node keeps its name and has another address at each start.

Addresses are those of 127.0.0.0/8, names are dnsmasq's, with a TTL of a second. Everything that looks names up runs
in a mount namespace in which /etc/resolv.conf leads there. Needs root.
"""

import itertools
import signal

import redis

from .lab import Lab, Site
from .nodes import RedisNode, SentinelNode
from .process import Process
from .waiting import wait_until

ZONE = "redis.lab"
NAME_SERVER = "127.53.0.1"
NAME = "mymaster"


class NameServer(Process):
    """dnsmasq with what set() has told it."""

    def __init__(self, lab, enter=()):
        super().__init__("dnsmasq", lab.subfolder("dnsmasq"), enter)
        self._hosts = self.folder / "hosts"
        self._known = {}
        self._write()

    def _write(self):
        self._hosts.write_text("".join(
            f"{address} {name}\n" for name, known in self._known.items()
            for address in ([known] if isinstance(known, str) else known)))

    def start(self):
        self.launch(
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--pid-file=",
            f"--addn-hosts={self._hosts}", "--local-ttl=1", f"--local=/{ZONE}/", f"--listen-address={NAME_SERVER}",
            "--bind-interfaces", "--user=root", "--log-facility=-")
        wait_until(lambda: "started" in self.log_text(), 5, "dnsmasq serves")

    def set(self, **addresses):
        """Each name (with _ for -) leads to this address from now on, or to these; to none with None."""
        for name, address in addresses.items():
            full = f"{name.replace('_', '-')}.{ZONE}"
            if address:
                self._known[full] = address
            else:
                self._known.pop(full, None)
        self._write()
        if self.alive:
            self.signal(signal.SIGHUP)


class PodLab(Lab):
    """A Lab whose processes ask `names`, a NameServer."""

    def __init__(self):
        super().__init__()
        resolver = self.folder / "resolv.conf"
        resolver.write_text(f"nameserver {NAME_SERVER}\noptions timeout:1 attempts:2\n")
        self.enter = ("unshare", "--mount", "sh", "-c",
                      f'mount --bind {resolver} /etc/resolv.conf && exec "$@"', "sh")
        self.sentinel_port = self.ports.take()
        self._addresses = (f"127.77.{high}.{low}" for high in range(1, 255) for low in range(1, 255))
        self.names = self.add(NameServer(self))
        self.names.start()

    def fresh_address(self):
        return next(self._addresses)

    def site(self, name):
        return Site(enter=self.enter)


class Pod(RedisNode):
    """A node that is called NAME.redis.lab, wherever it runs; with a `port` that others have as well, or its own."""

    def __init__(self, lab, name, port=None):
        super().__init__(lab, name)
        self._lab = lab
        self.dns = f"{name}.{ZONE}"
        self.port = port or self.port
        self.address = f"{self.dns}:{self.port}"

    def start(self, master=None, address=None):
        """Starts it at a new address, as a replica of the pod `master` or as a master."""
        self.host = address or self._lab.fresh_address()
        self.client = redis.Redis(self.host, self.port, decode_responses=True, socket_timeout=2)
        lines = [
            f"port {self.port}", f"bind {self.host}", "protected-mode no", f"dir {self.folder}", 'save ""',
            "repl-diskless-sync-delay 0", "repl-ping-replica-period 1", f"replica-announce-ip {self.dns}",
            f"replica-announce-port {self.port}"]
        if master:
            lines.append(f"replicaof {master.dns} {master.port}")
        self._lab.names.set(**{self.name.replace("-", "_"): self.host})
        self.launch("redis-server", self.write_config(*lines))

    def is_linked_to(self, master):
        try:
            info = self.client.info("replication")
        except redis.exceptions.RedisError:
            return False
        return info["role"] == "slave" and info["master_host"] == master.dns and info["master_link_status"] == "up"


class PodSentinel(SentinelNode):
    """One of three at the port that all have: sentinels.redis.lab is the name of all."""

    def __init__(self, lab, number):
        super().__init__(lab, f"sentinel-{number}")
        self.host, self.port = lab.fresh_address(), lab.sentinel_port
        self.address = f"{self.host}:{self.port}"
        self.run_id = f"{number + 1:040x}"
        self.client = redis.Redis(self.host, self.port, decode_responses=True, socket_timeout=2)


class Pods:
    """Three pods and three Sentinels that announce names. With `one_port` all pods have the same one."""

    def __init__(self, lab, down_after_ms=1000, one_port=False):
        self.lab = lab
        self._port = lab.ports.take() if one_port else None
        self.nodes, self.servers = [], {}
        for _ in range(3):
            self.add()
        self.sentinels = [lab.add(PodSentinel(lab, number)) for number in range(3)]
        lab.names.set(sentinels=[each.host for each in self.sentinels])
        self._down_after_ms = down_after_ms

    def add(self):
        """One more pod, by the next number; not started."""
        node = self.lab.add(Pod(self.lab, f"redis-{len(self.nodes)}", self._port))
        self.nodes.append(node)
        self.servers[node.name] = node
        return node

    def start(self):
        first, *others = self.nodes
        first.start()
        for node in others:
            node.start(first)
        wait_until(lambda: all(node.answers() for node in self.nodes), 10, "the pods answer")
        for sentinel in self.sentinels:
            sentinel.configure(
                "sentinel resolve-hostnames yes", "sentinel announce-hostnames yes",
                f"sentinel announce-ip {sentinel.host}",
                f"sentinel monitor {NAME} {first.dns} {first.port} 2",
                f"sentinel down-after-milliseconds {NAME} {self._down_after_ms}",
                f"sentinel failover-timeout {NAME} 3000", f"sentinel parallel-syncs {NAME} 5",
                *(f"sentinel known-sentinel {NAME} {other.host} {other.port} {other.run_id}"
                  for other in self.sentinels if other is not sentinel))
            sentinel.start()
        wait_until(lambda: all(each.answers() for each in self.sentinels), 10, "the Sentinels answer")
        for sentinel in self.sentinels:
            sentinel.client.execute_command("SENTINEL DEBUG", "INFO-PERIOD", 500, "PING-PERIOD", 400)
        self.await_health()

    def master(self):
        """The pod that a majority of the Sentinels names; None without one."""
        named = [self._named_by(sentinel) for sentinel in self.sentinels]
        return next((node for node in self.nodes if named.count(node.dns) >= 2), None)

    def _named_by(self, sentinel):
        try:
            answer = sentinel.client.execute_command("SENTINEL GET-MASTER-ADDR-BY-NAME", NAME)
        except redis.exceptions.RedisError:
            return None
        return answer[0] if answer else None

    def await_health(self, within=30):
        """A master, the others linked to it, and every Sentinel knows both as up."""
        def healthy():
            master = self.master()
            others = [node for node in self.nodes if node is not master]
            return (master and master.role() == "master" and all(node.is_linked_to(master) for node in others)
                    and all(self._is_content(sentinel, others) for sentinel in self.sentinels))

        wait_until(healthy, within, "the pods are healthy", every=0.05)

    def _is_content(self, sentinel, replicas):
        try:
            seen = sentinel.client.sentinel_slaves(NAME)
            master = sentinel.client.sentinel_master(NAME)
        except redis.exceptions.RedisError:
            return False
        up = {each["ip"] for each in seen
              if each["flags"] == "slave" and each["master-link-status"] == "ok"}
        return master["flags"] == {"master"} or master["flags"] == "master" and up >= {
            node.dns for node in replicas}

    def replace(self, node):
        """Ends the pod, and starts it anew as its chart does: as a replica of the master that the Sentinels name."""
        was = self.master()
        node.kill()
        if node is was:
            wait_until(lambda: self.master() not in (None, node), 30, "another master", every=0.005)
        node.start(self.master())


def pods_of(deployment):
    """The `masters:` list of an agent."""
    return [{"name": NAME, "servers": {node.name: node.address for node in deployment.nodes}}]


