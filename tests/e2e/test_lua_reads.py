"""Reads in the forms with Lua: HAProxy names the replicas itself, by what the agent has said of them."""

import collections
import contextlib
import select
import time

import pytest

from lab import resp
from lab.agent import make_agent, masters_of
from lab.pushed import PushedHAProxy
from lab.waiting import wait_until

NAME = "mymaster"
READS = f"redis_{NAME}_read_nodes"
MAINT = 1
DRAIN = 0.5  # seconds

pytestmark = pytest.mark.deadline(60)


class Scene:
    """An agent that offers reads of this deployment, and a HAProxy that follows it."""

    def __init__(self, lab, deployment, binary=None, form="lua", threads=2, wait="2s", **replicas):
        self.lab, self.deployment = lab, deployment
        (master,) = masters_of(deployment)
        policy = {"drain": f"{1000 * DRAIN:.0f}ms"} | replicas
        self.agent = make_agent(
            lab, deployment, masters=[master | {"redis": {}, "policy": {"wait": wait}, "replicas": policy}])
        self.haproxy = lab.add(PushedHAProxy(
            lab, self.agent, form, threads, **({"binary": binary} if binary else {})))
        self.port = self.haproxy.read_ports[NAME]

    def __enter__(self):
        self.agent.start()
        self.haproxy.start()
        self.await_reads(*self.replicas())
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                assert self.haproxy.alive
                assert self.haproxy.alerts() == []
        finally:
            self.lab.end([self.haproxy, self.agent])

    @property
    def master(self):
        return self.deployment.group.server_of(self.deployment.master_of())

    def replicas(self):
        return sorted(set(self.deployment.group.servers) - {self.master})

    def reads(self):
        """The servers that reads go to, as HAProxy knows them."""
        return next((master["reads"] for master in self.haproxy.show()["masters"]), "").split()

    def await_reads(self, *servers, within=5):
        """Waits until reads go to these; returns how long that took."""
        began = time.monotonic()
        wait_until(lambda: self.reads() == list(servers), within,
                   lambda: f"reads go to {servers}; now {self.reads()}", every=0.01)
        return time.monotonic() - began

    def server_of(self, connection):
        port = int(connection.call("CONFIG", "GET", "port")[1])
        return self.deployment.group.server_of(self.deployment.group.node_at(port))

    def connect(self):
        return resp.Connection(self.port, timeout=10)

    def read(self):
        """The server that a new connection for reads reaches; None when it is refused."""
        try:
            with self.connect() as connection:
                return self.server_of(connection)
        except (OSError, resp.ErrorReply):
            return None

    def in_maintenance(self):
        return {server for server, state in self.haproxy.states(READS).items() if state & MAINT}


def ended(session):
    return bool(select.select([session._socket], [], [], 0)[0])


def test_reads_go_by_weight_and_leave_a_replica_that_stalls(lab, deployment, any_haproxy):
    first, second = sorted(set(deployment.group.servers)
                           - {deployment.group.server_of(deployment.master_of())})
    with Scene(lab, deployment, any_haproxy.binary, weights={first: 3}) as scene:
        assert scene.in_maintenance() == set()
        reached = collections.Counter(scene.read() for _ in range(200))
        assert reached == {first: 150, second: 50}

        with contextlib.ExitStack() as stack:
            sessions = {first: [], second: []}
            for _ in range(16):
                session = stack.enter_context(scene.connect())
                sessions[scene.server_of(session)].append(session)
            deployment.group.servers[first].freeze()
            left = scene.await_reads(second)
            assert left <= 1.2
            assert {scene.read() for _ in range(8)} == {second}
            wait_until(lambda: all(map(ended, sessions[first])), DRAIN + 1, "its sessions end")
            assert scene.in_maintenance() == {first}
            assert not any(map(ended, sessions[second]))
            assert len(sessions[second]) == 4
        wait_until(lambda: scene.in_maintenance() == set(), 5, "it rests")
        assert {scene.read() for _ in range(8)} == {second}

        deployment.group.servers[first].thaw()
        assert scene.await_reads(first, second) <= 2
        assert {scene.read() for _ in range(8)} == {first, second}


def test_reads_go_on_while_the_master_is_replaced(lab, deployment, any_haproxy):
    with Scene(lab, deployment, any_haproxy.binary, wait="8s") as scene:
        old = scene.master
        deployment.master_of().kill()
        wait_until(lambda: deployment.master_of() and scene.master != old, 15, "another master")
        promoted = scene.master
        (other,) = set(deployment.group.servers) - {old, promoted}
        # Before it follows the new master it may be out for a moment, and the master stands in.
        wait_until(lambda: {scene.read() for _ in range(8)} == {other}, 8, "reads go to the other replica")
        wait_until(lambda: scene.in_maintenance() == set(), 8, "every server rests")
        assert {scene.read() for _ in range(8)} == {other}, "the promoted one serves no reads"


def freeze_replicas(scene):
    for server in scene.replicas():
        scene.deployment.group.servers[server].freeze()
    scene.await_reads()


@pytest.mark.parametrize("form", ["lua", "lua-fallback"])
@pytest.mark.parametrize("fallback", ["master", "refuse", "wait"])
def test_what_a_read_gets_while_no_replica_is_fresh(lab, deployment, form, fallback):
    with Scene(lab, deployment, form=form, fallback=fallback) as scene:
        freeze_replicas(scene)
        if fallback == "master":
            wait_until(lambda: scene.read() == scene.master, 2, "the master stands in")
            return
        began = time.monotonic()
        with scene.connect() as connection, pytest.raises(resp.ErrorReply) as refused:
            connection.call("PING")
        took = time.monotonic() - began
        assert str(refused.value).startswith(f"MASTERDOWN no replica for {NAME}: no replica is fresh enough: ")
        assert took < 1 if fallback == "refuse" else 1.5 < took < 3
        for server in scene.replicas():
            scene.deployment.group.servers[server].thaw()
        if fallback == "wait":
            assert scene.read() in scene.replicas()


def test_fallback_reads_from_the_table_when_the_agent_does_not_answer(lab, deployment):
    with Scene(lab, deployment, form="lua-fallback") as scene:
        assert {scene.read() for _ in range(8)} == set(scene.replicas())
        assert sum(scene.agent.metric("sentinel_spoa_read_verdicts_total", server=server)
                   for server in scene.replicas()) == 8
        scene.agent.kill()
        assert {scene.read() for _ in range(8)} == set(scene.replicas())
        wait_until(lambda: scene.read() is None, 8, "nothing is known any more")
