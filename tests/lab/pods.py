"""Redis and Sentinels as in Kubernetes: a node keeps its name and has another address at each start.

Addresses are those of 127.0.0.0/8, and of IPv6 such that are given to lo; names are dnsmasq's, with a TTL of a second.
Everything that looks names up runs in a mount namespace in which /etc/resolv.conf leads there. Needs root.
"""

import itertools
import re
import signal
import subprocess

import redis

from .lab import Lab, Site
from .nodes import RedisNode, SentinelNode
from .process import Process
from .slow_names import SlowNames
from .waiting import wait_until

ZONE = "redis.lab"
NAME_SERVER = "127.53.0.1"
AGENTS_NAME_SERVER = "127.53.0.2"
NETWORK_6 = "fd77:53"
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

    def answered(self):
        """How many questions it has answered."""
        said = len(self.log_text())
        self.signal(signal.SIGUSR1)
        (count,) = wait_until(
            lambda: re.findall(r"queries answered locally (\d+)", self.log_text()[said:]), 5, "dnsmasq has counted")
        return int(count)

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
    """A Lab whose processes ask `names`, a NameServer; with `apart` the agent and HAProxy ask `agents_names`. A pod has
    an address of each of the `families`, 4 and 6."""

    def __init__(self, apart=False, families=(4,)):
        super().__init__()
        self._families = families
        self.enter = self._asking("resolv.conf", NAME_SERVER)
        self.agents_enter = self._asking("agents.conf", AGENTS_NAME_SERVER) if apart else self.enter
        self.sentinel_port = self.ports.take()
        self._numbers = itertools.count(1)
        self.names = self.add(NameServer(self))
        self.names.start()
        if apart:
            self.agents_names = self.add(SlowNames(self, AGENTS_NAME_SERVER, NAME_SERVER))
            self.agents_names.start()

    def _asking(self, file, server):
        resolver = self.folder / file
        resolver.write_text(f"nameserver {server}\noptions timeout:1 attempts:2\n")
        return ("unshare", "--mount", "sh", "-c", f'mount --bind {resolver} /etc/resolv.conf && exec "$@"', "sh")

    def fresh_addresses(self):
        """One of each family, which nobody has had."""
        number = next(self._numbers)
        known = {4: f"127.77.{number // 250 + 1}.{number % 250 + 1}", 6: f"{NETWORK_6}::{number:x}"}
        if 6 in self._families:
            subprocess.run(["ip", "-6", "address", "replace", f"{known[6]}/128", "dev", "lo"], check=True)
        return [known[family] for family in self._families]

    def fresh_address(self):
        return self.fresh_addresses()[0]

    def site(self, name):
        return Site(enter=self.agents_enter if name == "agent" else self.enter)


class Pod(RedisNode):
    """A node that is called NAME.redis.lab, wherever it runs; with a `port` that others have as well, or its own."""

    def __init__(self, lab, name, announced=None, port=None):
        super().__init__(lab, name)
        self._lab, self._announced = lab, announced
        self.dns = f"{name}.{ZONE}"
        self.port = port or self.port
        self.address = f"{self.dns}:{self.port}"

    @property
    def announced(self):
        """As what Sentinels know it: by its name, or by the one of its addresses."""
        return self.dns if self._announced is None else self.hosts[self._announced]

    def start(self, master=None):
        """Starts it at new addresses, `host` the first, as a replica of the pod `master` or as a master."""
        self.hosts = self._lab.fresh_addresses()
        self.host = self.hosts[0]
        self.client = redis.Redis(self.host, self.port, decode_responses=True, socket_timeout=2)
        lines = [
            f"port {self.port}", f"bind {' '.join(self.hosts)}", "protected-mode no", f"dir {self.folder}", 'save ""',
            "repl-diskless-sync-delay 0", "repl-ping-replica-period 1", f"replica-announce-ip {self.announced}",
            f"replica-announce-port {self.port}"]
        if master:
            lines.append(f"replicaof {master.announced} {master.port}")
        self._lab.names.set(**{self.name.replace("-", "_"): self.hosts})
        self.launch("redis-server", self.write_config(*lines))

    def is_linked_to(self, master):
        try:
            info = self.client.info("replication")
        except redis.exceptions.RedisError:
            return False
        return info["role"] == "slave" and info["master_host"] == master.announced and info["master_link_status"] == "up"


class Stranger(RedisNode):
    """A Redis at the port of a pod that is none of the pods: foreign, or a replica that no Sentinel knows."""

    def __init__(self, lab, name="stranger"):
        super().__init__(lab, name)
        self._lab = lab

    def start_as(self, port, master=None):
        self.host, self.port, self._is_replica = self._lab.fresh_address(), port, master is not None
        self.client = redis.Redis(self.host, self.port, decode_responses=True, socket_timeout=2)
        self.launch("redis-server", self.write_config(
            f"port {port}", f"bind {self.host}", "protected-mode no", f"dir {self.folder}", 'save ""',
            "replica-announced no", f"replica-announce-ip {self.host}", f"replica-announce-port {port}", *([f"replicaof {master.dns} {master.port}"] if master else [])))
        wait_until(lambda: self.is_linked_to(master) if master else self.answers(), 10, "the stranger is up")

    def writes(self):
        """How many writes of clients got there, taken or refused."""
        calls = self.client.info("commandstats").get("cmdstat_set", {"calls": 0, "rejected_calls": 0})
        return calls["rejected_calls" if self._is_replica else "calls"]


class PodSentinel(SentinelNode):
    """One of three at the port that all have: sentinels.redis.lab is the name of all."""

    def __init__(self, lab, number):
        super().__init__(lab, f"sentinel-{number}")
        self.host, self.port = lab.fresh_address(), lab.sentinel_port
        self.address = f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
        self.run_id = f"{number + 1:040x}"
        self.client = redis.Redis(self.host, self.port, decode_responses=True, socket_timeout=2)


class Pods:
    """Three pods and three Sentinels that announce names; or addresses, of each pod the one with the number
    `announced`. With `one_port` all pods have the same one."""

    def __init__(self, lab, down_after_ms=1000, announced=None, one_port=False):
        self.lab = lab
        self._announced = announced
        self._by_name = "yes" if announced is None else "no"
        self._port = lab.ports.take() if one_port else None
        self.nodes, self.servers = [], {}
        for _ in range(3):
            self.add()
        self.sentinels = [lab.add(PodSentinel(lab, number)) for number in range(3)]
        lab.names.set(sentinels=[each.host for each in self.sentinels])
        self._down_after_ms = down_after_ms

    def add(self):
        """One more pod, by the next number; not started."""
        node = self.lab.add(Pod(self.lab, f"redis-{len(self.nodes)}", self._announced, self._port))
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
                f"sentinel resolve-hostnames {self._by_name}", f"sentinel announce-hostnames {self._by_name}",
                f"sentinel announce-ip {sentinel.host}",
                f"sentinel monitor {NAME} {first.announced} {first.port} 2",
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
        return next((node for node in self.nodes if named.count(node.announced) >= 2), None)

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
            node.announced for node in replicas}

    def fail_over(self):
        """Asks a Sentinel for a failover; whether one has begun."""
        try:
            return self.sentinels[0].client.execute_command("SENTINEL FAILOVER", NAME) in (True, "OK")
        except redis.exceptions.RedisError:
            return False


def pods_of(deployment):
    """The `masters:` list of an agent."""
    return [{"name": NAME, "servers": {node.name: node.address for node in deployment.nodes}}]


