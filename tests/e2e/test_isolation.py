"""A master that is cut off from its replicas, seen from its own side; and a new one that is not."""

import time

import pytest
import redis
from lab.agent import start_agent
from lab.deployment import start_deployment
from lab.lab import Lab
from lab.nodes import HOST
from lab.waiting import wait_until
from test_doubt import PRIVATE, DirectWriter, Story, await_state, cut_off, own_network, probing, report

BOUND = 2.5  # seconds from the cut to the last write that is taken
ROUNDS = 3


def master_and_server(deployment):
    master = deployment.master_of()
    return master, deployment.group.server_of(master)


@pytest.mark.deadline(60)
def test_without_a_majority_the_masters_own_list_decides(capsys):
    with own_network(), Lab() as lab:
        deployment = start_deployment(lab, down_after_ms=30000)
        for node in deployment.group.nodes:
            node.client.config_set("bind", f"{HOST} {PRIVATE}")
        reachable = {node.address: f"{PRIVATE}:{node.port}" for node in deployment.group.nodes}
        agent = start_agent(lab, deployment, reachable=reachable, masters=probing(deployment))
        master, server = master_and_server(deployment)
        await_state(agent, "ok")
        with DirectWriter(master, PRIVATE) as writer, Story(agent) as story:
            # Its replicas follow: a lost majority alone closes nothing.
            for sentinel in deployment.sentinels[1:]:
                sentinel.freeze()
            story.await_state("no-quorum")
            time_of_quorum_lost = time.monotonic()
            before = writer.accepted
            wait_until(lambda: writer.accepted > before + 400, 10, "writes go on")
            wait_until(lambda: time.monotonic() > time_of_quorum_lost + 3, 5, "three seconds have passed")
            assert {state for state, _ in story.told} <= {"ok", "degraded", "no-quorum"}
            assert {served for _, served in story.told} == {server}

            with cut_off(master):
                begun, before = time.monotonic(), writer.accepted
                story.await_state("isolated")
                took = time.monotonic() - begun
                assert writer.accepted > before, "the scene was another: the master took no writes"
                told = report(agent)
                assert not told["open"] and "acknowledge nothing any more" in told["reason"], told
            # They acknowledge again, and there is still no majority.
            wait_until(lambda: story.told[-1] == ("no-quorum", server), 15, "it is open again")
            for sentinel in deployment.sentinels[1:]:
                sentinel.thaw()
            # `degraded` while they are in TILT, since they were stopped.
            wait_until(lambda: story.told[-1][0] in ("ok", "degraded"), 15, "a majority is heard")
        assert story.servers_in("isolated") == {None}
        assert took < BOUND
    with capsys.disabled():
        print(f"\n\nisolated {1000 * took:.0f} ms after the cut")


@pytest.mark.deadline(120)
def test_a_new_master_whose_other_replica_is_dead_too_is_not_isolated():
    # The Sentinels connect to it with a PING period, and show a last PING that none of them has sent.
    with Lab() as lab:
        deployment = start_deployment(lab, down_after_ms=2000, ping_period_ms=1000)
        agent = start_agent(lab, deployment, masters=probing(deployment))
        for _ in range(ROUNDS):
            await_state(agent, "ok", within=15)
            master, server = master_and_server(deployment)
            replica, heir = (node for node in deployment.group.nodes if node is not master)
            heir.client.config_set("replica-read-only", "no")  # one client writes before and after
            with StubbornWriter(heir) as writer, Story(agent) as story:
                replica.kill()
                wait_until(lambda: not node_is_up(agent, replica), 3, "the agent misses the replica")
                master.kill()
                wait_until(lambda: report(agent)["server"] not in (None, server), 15, "another master")
                switched, before = time.monotonic(), writer.accepted
                wait_until(lambda: writer.accepted > before + 50, 5, "the new master takes writes")
                wait_until(lambda: time.monotonic() > switched + 3, 5, "three seconds have passed")
            assert "isolated" not in {state for state, _ in story.told}, story.told
            deployment.repair()


class StubbornWriter(DirectWriter):
    """One that goes on when its connection is ended, as Sentinel does at a promotion."""

    def _run(self):
        while not self._stopped.wait(0.005):
            try:
                self._client.set("written", self.accepted)
                self.accepted += 1
            except redis.exceptions.RedisError:
                pass


def node_is_up(agent, node):
    return next(each["up"] for each in report(agent)["nodes"] if each["address"] == node.address)
