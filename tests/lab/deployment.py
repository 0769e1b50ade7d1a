"""Redis with Sentinel as an operator would run it: groups of nodes, all watched by the same Sentinels."""

import collections
import dataclasses

import redis

from .nodes import RedisNode, SentinelNode
from .process import PortTaken
from .spelling import in_path, in_sentinel_file
from .waiting import wait_until


@dataclasses.dataclass(frozen=True)
class Settings:
    """What a deployment may differ in."""

    names: tuple = ("mymaster",)
    sentinels: int = 3
    replicas: int = 2
    down_after_ms: int = 1000
    failover_timeout_ms: int = 10000
    quorum: int | None = None  # None: the majority
    redis_password: str | None = None
    sentinel_password: str | None = None
    sentinel_users: tuple = ()  # lines `user NAME …` for the Sentinels' files
    tls: object | None = None  # an Authority: nodes and Sentinels speak TLS alone
    info_period_ms: int = 500  # Sentinel's own default is 10 s
    ping_period_ms: int = 400  # Sentinel's own default is 1 s
    append_only: bool = False  # nodes keep their data over a restart


class Group:
    """The nodes of one monitored name, called R1, R2, R3 as HAProxy's servers will be."""

    def __init__(self, lab, name, settings):
        self.name = name
        self.nodes = [
            RedisNode(lab, f"{in_path(name)}-R{number}", settings.redis_password, settings.tls,
                      settings.append_only)
            for number in range(1, settings.replicas + 2)]
        self.servers = {f"R{number}": node for number, node in enumerate(self.nodes, 1)}

    def node_at(self, port):
        return next(node for node in self.nodes if node.port == port)

    def server_of(self, node):
        return next(server for server, other in self.servers.items() if other is node)


class Deployment:
    """Groups and Sentinels; made by start_deployment()."""

    def __init__(self, lab, settings):
        self.lab = lab
        self.settings = settings
        self.groups = {name: Group(lab, name, settings) for name in settings.names}
        self.sentinels = [
            SentinelNode(lab, f"sentinel-{number}", settings.sentinel_password, settings.tls)
            for number in range(1, settings.sentinels + 1)]
        self.majority = settings.sentinels // 2 + 1

    @property
    def group(self):
        """The only group, for deployments of one name."""
        (group,) = self.groups.values()
        return group

    @property
    def processes(self):
        return [*(node for group in self.groups.values() for node in group.nodes), *self.sentinels]

    def start(self):
        """Starts everything, the first node of each group as master, and waits until all is healthy."""
        for process in self.processes:
            self.lab.add(process)
        masters = [group.nodes[0] for group in self.groups.values()]
        for master in masters:
            master.start()
        wait_until(lambda: all(master.answers() for master in masters), 10, "the masters answer")
        for group in self.groups.values():
            for replica in group.nodes[1:]:
                replica.start(replica_of=group.nodes[0])
        for sentinel in self.sentinels:
            sentinel.configure(*self._sentinel_lines(sentinel))
            sentinel.start()
        wait_until(
            lambda: all(process.answers() for process in self.processes), 10, "all nodes answer")
        self.hasten(self.sentinels)
        self.await_health()

    def hasten(self, sentinels):
        """Shortens two periods of these Sentinels, until they end.

        INFO: they see a repaired node at once; during a failover it is always 1 s. PING: they also
        reconnect with that period; with the default of 1 s and down-after of 1 s, a new master is now
        and then declared down before the first connection to it was tried. Much less than 400 ms would be
        too little: a replica is promoted only when its last INFO is younger than 5 PING periods.
        """
        for sentinel in sentinels:
            sentinel.client.execute_command(
                "SENTINEL DEBUG", "INFO-PERIOD", self.settings.info_period_ms,
                "PING-PERIOD", self.settings.ping_period_ms)

    def _sentinel_lines(self, sentinel):
        """Its configuration, with the replicas and the other Sentinels known from the start: they
        would take seconds to find each other."""
        settings = self.settings
        if settings.sentinel_password:
            yield f"requirepass {settings.sentinel_password}"
        yield from settings.sentinel_users
        for group in self.groups.values():
            name, (master, *replicas) = in_sentinel_file(group.name), group.nodes
            yield f"sentinel monitor {name} {master.host} {master.port} {settings.quorum or self.majority}"
            yield f"sentinel down-after-milliseconds {name} {settings.down_after_ms}"
            yield f"sentinel failover-timeout {name} {settings.failover_timeout_ms}"
            yield f"sentinel parallel-syncs {name} 5"
            if settings.redis_password:
                yield f"sentinel auth-pass {name} {settings.redis_password}"
            for replica in replicas:
                yield f"sentinel known-replica {name} {replica.host} {replica.port}"
            for other in self.sentinels:
                if other is not sentinel:
                    yield f"sentinel known-sentinel {name} {other.host} {other.port} {other.run_id}"

    def master_of(self, name=None):
        """The node which a majority of all Sentinels names; None without one."""
        group = self.groups[name] if name else self.group
        votes = collections.Counter(sentinel.names(group.name) for sentinel in self.sentinels)
        for port, count in votes.items():
            if port and count >= self.majority:
                return group.node_at(port)
        return None

    def fail_over(self, name="mymaster", within=5):
        """Has the first Sentinel begin a failover. It may refuse at first: it has not seen a replica lately."""
        wait_until(lambda: _begins_failover(self.sentinels[0], name), within, "a failover begins")

    def promote(self, node, within=15):
        """Has the Sentinels fail over to `node`; returns when a majority names it."""
        (group,) = (group for group in self.groups.values() if node in group.nodes)
        for other in group.nodes:
            other.set_priority(1 if other is node else 0)
        try:
            for sentinel in self.sentinels:
                wait_until(lambda sentinel=sentinel: _eligible(sentinel, group.name) == {node.port}, 5,
                           f"{sentinel.name} knows that {node.name} alone may be promoted")
            self.fail_over(group.name, within)
            wait_until(lambda: self.master_of(group.name) is node, within, f"a majority names {node.name}")
        finally:
            for other in group.nodes:
                other.set_priority(100)

    def await_health(self, within=20):
        """Waits until every group is healthy: all Sentinels up and plain, one master, all else linked
        to it, and every Sentinel aware of all that."""
        findings = []

        def healthy():
            findings[:] = self._ailments()
            return not findings

        wait_until(healthy, within, lambda: "; ".join(findings), every=0.02)

    def repair(self, within=20):
        """Brings everything back to health without moving a master: starts what is dead, thaws what
        is frozen, and makes every other node a replica of the master which the majority names."""
        returned = [sentinel for sentinel in self.sentinels if not sentinel.alive]
        for process in self.processes:
            if process.alive:
                process.thaw()
        for sentinel in returned:
            sentinel.start()
        wait_until(
            lambda: all(sentinel.answers() for sentinel in self.sentinels), 10, "the Sentinels answer")
        self.hasten(returned)
        for group in self.groups.values():
            master = wait_until(
                lambda name=group.name: self.master_of(name), within, f"a majority names {group.name}")
            for node in group.nodes:
                if not node.alive:
                    node.start(replica_of=None if node is master else master)
            wait_until(
                lambda nodes=group.nodes: all(node.answers() for node in nodes), 10, "the nodes answer")
            for node in group.nodes:
                if node is not master and not node.is_linked_to(master):
                    node.client.replicaof(master.host, master.port)
        self.await_health(within)

    def _ailments(self):
        """Why the deployment is not healthy, in words; nothing when it is."""
        for group in self.groups.values():
            master = self.master_of(group.name)
            if master is None or master.role() != "master":
                yield f"{group.name}: no majority names a master"
                continue
            for node in group.nodes:
                if node is not master and not node.is_linked_to(master):
                    yield f"{node.name} is no linked replica of {master.name}"
            for sentinel in self.sentinels:
                yield from _doubts_of(sentinel, group, master)


def _eligible(sentinel, name):
    """The ports of the replicas that this Sentinel may promote."""
    return {int(replica["port"]) for replica in sentinel.client.sentinel_slaves(name)
            if int(replica["slave-priority"]) > 0}


def _begins_failover(sentinel, name):
    """Whether SENTINEL FAILOVER is accepted; not while the failover before goes on."""
    try:
        return sentinel.client.execute_command("SENTINEL FAILOVER", name)
    except redis.exceptions.ResponseError as refusal:
        if not str(refusal).startswith(("INPROG", "NOGOODSLAVE")):
            raise
        return False


def _doubts_of(sentinel, group, master):
    """What `sentinel` does not know yet, or sees as a fault, about `group`."""
    try:
        seen = sentinel.master(group.name)
        replicas = sentinel.client.sentinel_slaves(group.name)
        others = sentinel.client.sentinel_sentinels(group.name)
    except redis.exceptions.RedisError as error:
        yield f"{sentinel.name}: {error}"
        return
    if seen["port"] != master.port or seen["flags"] != "master":
        yield f"{sentinel.name} sees master {seen['port']} as {seen['flags']}"
    good = [replica for replica in replicas
            if replica["flags"] == "slave" and replica["master-link-status"] == "ok"
            and int(replica["master-port"]) == master.port]
    if len(good) != len(group.nodes) - 1 or len(replicas) != len(good):
        yield f"{sentinel.name} sees {len(good)} good replicas of {len(replicas)} for {group.name}"
    for other in others:
        # `master_down` is that peer's old answer about the old master; it fades after 5 s.
        if other["flags"] not in ("sentinel", "sentinel,master_down"):
            yield f"{sentinel.name} sees another Sentinel as {other['flags']}"


def start_deployment(lab, **settings):
    """Starts a healthy deployment; see Settings for what may be given. Ports taken by a stranger in
    the meantime lead to a second and a third attempt."""
    for attempt in (1, 2, 3):
        deployment = Deployment(lab, Settings(**settings))
        try:
            deployment.start()
            return deployment
        except PortTaken:
            lab.end(deployment.processes)
            if attempt == 3:
                raise
