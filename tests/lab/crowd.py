"""One name that fails over among a thousand that do not, on five Sentinels.

The names share three real masters, so every Sentinel keeps 2,000 connections to them and sends 1,000
PINGs a second, as it would for masters of their own. One thing is made easier: Sentinel greets every
master it watches every two seconds, on a channel that all Sentinels listen to, once for each name. With
500 names on one master each greeting would be delivered 2,500 times, some 370,000,000 a minute in all,
which no deployment with masters of their own has. So the regular greetings are switched off by SENTINEL
DEBUG; those of a failover are not.
"""

import redis

from .deployment import Deployment, Settings
from .nodes import HOST, RedisNode
from .pods import ZONE
from .waiting import wait_until

MOVING = "moving"  # the one name that has replicas and fails over
CROWD = tuple(f"name-{number:03}" for number in range(999))
NAMES = 1 + len(CROWD)
SHARED_MASTERS = 2


class Crowd(Deployment):
    """One name with two replicas, and a crowd of names on a few masters without."""

    def __init__(self, lab):
        super().__init__(lab, Settings(names=(MOVING,), sentinels=5))
        self.shared = [RedisNode(lab, f"shared-{number}") for number in range(1, SHARED_MASTERS + 1)]

    def master_of_crowd(self, name):
        return self.shared[CROWD.index(name) % SHARED_MASTERS]

    def host_of(self, name):
        """Where its master is, as the Sentinels announce it."""
        return HOST

    def start(self):
        for process in (*self.shared, *self.processes):
            self.lab.add(process)
        master, *replicas = self.group.nodes
        for node in (*self.shared, master):
            node.start()
        for replica in replicas:
            replica.start(replica_of=master)
        # Only then the Sentinels: what they miss in a first INFO, they learn ten seconds later.
        wait_until(lambda: all(node.answers() for node in self.shared), 10, "the nodes answer")
        wait_until(lambda: all(replica.is_linked_to(master) for replica in replicas), 10, "replicas")
        for sentinel in self.sentinels:
            sentinel.configure(*self._sentinel_lines(sentinel))
            sentinel.start()
        wait_until(lambda: all(sentinel.answers() for sentinel in self.sentinels), 20, "Sentinels")
        self.hasten(self.sentinels)
        self.await_health(within=30)

    def hasten(self, sentinels):
        for sentinel in sentinels:
            sentinel.client.execute_command("SENTINEL DEBUG", "PUBLISH-PERIOD", 3_600_000)

    def _sentinel_lines(self, sentinel):
        yield from super()._sentinel_lines(sentinel)
        for name in CROWD:
            yield f"sentinel monitor {name} {self.host_of(name)} {self.master_of_crowd(name).port} {self.majority}"
            yield f"sentinel down-after-milliseconds {name} 30000"
            for other in self.sentinels:
                if other is not sentinel:
                    yield f"sentinel known-sentinel {name} {HOST} {other.port} {other.run_id}"


class NamedCrowd(Crowd):
    """The same with host names: three nodes for each of the crowd, of which two wait for their first start, and each
    Sentinel has one of its own. `lab` is a PodLab."""

    NODES = 3

    def __init__(self, lab):
        super().__init__(lab)
        own = [f"{name}-r{number}" for name in CROWD for number in range(1, self.NODES + 1)]
        lab.names.set(**dict.fromkeys([*own, *(each.name for each in self.sentinels)], HOST))

    def host_of(self, name, number=1):
        return f"{name}-r{number}.{ZONE}"

    @property
    def sentinel_addresses(self):
        return [f"{each.name}.{ZONE}:{each.port}" for each in self.sentinels]

    def _sentinel_lines(self, sentinel):
        yield "sentinel resolve-hostnames yes"
        yield "sentinel announce-hostnames yes"
        yield from super()._sentinel_lines(sentinel)

    def masters(self):
        """The `masters:` of an agent that knows them by name."""
        moving, *_ = masters_of_crowd(self)
        return [moving, *({"name": name, "servers": {
            f"R{number}": f"{self.host_of(name, number)}:{self.master_of_crowd(name).port}"
            for number in range(1, self.NODES + 1)}} for name in CROWD)]


def masters_of_crowd(deployment):
    yield {"name": MOVING, "servers": {
        server: node.address for server, node in deployment.group.servers.items()}}
    for name in CROWD:
        yield {"name": name, "servers": {"R1": deployment.master_of_crowd(name).address}}


def begin_failover(sentinel):
    """Whether it has begun; not while the one before goes on, or its replicas are not known yet."""
    try:
        return sentinel.client.execute_command("SENTINEL FAILOVER", MOVING)
    except redis.exceptions.ResponseError as refusal:
        assert str(refusal).startswith(("INPROG", "NOGOODSLAVE")), refusal
        return False
