"""Reads: role=replica names replicas that are fresh enough, and what it does when none is."""

import collections
import contextlib
import json
import threading
import time

import pytest

from lab import agent as agent_module
from lab import spop_client
from lab.agent import make_agent, masters_of
from lab.waiting import wait_until

NAME = "mymaster"


@contextlib.contextmanager
def reading_agent(lab, deployment, wait=0, threads=2, **replicas):
    """An agent that offers reads of all nodes, in the state ok and with fresh replicas."""
    (master,) = masters_of(deployment)
    agent = make_agent(
        lab, deployment, spop={"threads": threads},
        masters=[master | {"redis": {}, "policy": {"wait": wait}, "replicas": replicas}])
    agent.start()
    replicas_of = set(deployment.group.servers) - {server_of_master(deployment)}
    await_reads(agent, replicas_of)
    yield agent
    assert agent.alive, agent.log_text()[-2000:]
    assert agent.terminate() == 0
    lab.end([agent])


def server_of_master(deployment):
    return deployment.group.server_of(deployment.master_of())


def read_of(agent, **arguments):
    with spop_client.connect(agent.spop_address, timeout=12) as client:
        return client.ask(NAME, role="replica", **arguments)


def servers_for_reads(agent, questions=8):
    with spop_client.connect(agent.spop_address, timeout=2) as client:
        return {client.ask(NAME, role="replica")["server"] for _ in range(questions)}


def await_reads(agent, servers, within=5):
    """Waits until reads go to these servers; returns how long that took."""
    began = time.monotonic()
    wait_until(lambda: servers_for_reads(agent) == set(servers), within,
               lambda: f"reads go to {servers}; now {servers_for_reads(agent)}\n"
                       f"{agent.log_text()[-1500:]}", every=0.01)
    return time.monotonic() - began


@contextlib.contextmanager
def writing(node, size=100, pause=0.001):
    """Writes to `node` all the time."""
    stopped = threading.Event()

    def write():
        while not stopped.is_set():
            with contextlib.suppress(Exception):
                node.client.set("written", "x" * size)
            time.sleep(pause)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def test_connections_are_spread_evenly_over_the_replicas(lab, deployment):
    with reading_agent(lab, deployment, threads=3) as agent:
        master = server_of_master(deployment)
        sent = collections.Counter()
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(spop_client.connect(agent.spop_address))
                       for _ in range(7)]
            for number in range(10_000):
                answer = clients[number * number % 7].ask(NAME, role="replica")
                assert answer["state"] in ("ok", "degraded") and answer["reason"] is None
                sent[answer["server"]] += 1
            assert clients[0].ask(NAME)["server"] == master
        assert set(sent) == set(deployment.group.servers) - {master}
        assert all(4750 <= count <= 5250 for count in sent.values()), sent
        for server, count in sent.items():
            assert agent.metric("sentinel_spoa_read_verdicts_total", server=server) >= count
        assert agent.metric("sentinel_spoa_fresh_replicas") == 2


def test_a_stalled_replica_gets_no_new_connection_and_comes_back_when_it_has_caught_up(lab, deployment):
    with reading_agent(lab, deployment) as agent, writing(deployment.master_of()):
        master = server_of_master(deployment)
        stalled, other = sorted(set(deployment.group.servers) - {master})
        node = deployment.group.servers[stalled]
        node.freeze()
        assert await_reads(agent, {other}) <= 1.2
        time.sleep(0.5)  # it misses some writes
        node.thaw()
        assert await_reads(agent, {stalled, other}) <= 2


def test_a_replica_that_follows_nobody_gets_no_reads(lab, deployment):
    with reading_agent(lab, deployment) as agent:
        master = server_of_master(deployment)
        away, other = sorted(set(deployment.group.servers) - {master})
        deployment.group.servers[away].client.replicaof(*"192.0.2.1 6379".split())
        await_reads(agent, {other})
        told = json.loads(agent.get(f"/v1/masters/{NAME}")[1])
        assert told["state"] in ("ok", "degraded")


def kill_all_replicas(deployment):
    master = deployment.master_of()
    for node in deployment.group.nodes:
        if node is not master:
            node.kill()


@pytest.mark.parametrize("fallback", ["master", "refuse", "wait"])
def test_what_a_read_gets_while_no_replica_is_fresh(lab, deployment, fallback):
    with reading_agent(lab, deployment, wait="1s", fallback=fallback) as agent:
        master = server_of_master(deployment)
        kill_all_replicas(deployment)
        expected = {master} if fallback == "master" else {None}
        if fallback == "wait":
            wait_until(lambda: agent.metric("sentinel_spoa_fresh_replicas") == 0, 3, "none is fresh")
            began = time.monotonic()
            assert read_of(agent)["server"] is None
            assert 0.9 <= time.monotonic() - began <= 1.6
        else:
            await_reads(agent, expected)
        if fallback != "master":
            assert "no replica is fresh enough" in read_of(agent)["reason"]


@pytest.mark.parametrize("strict", ["false", "true"])
def test_reads_go_on_while_the_master_is_replaced(lab, deployment, strict):
    with reading_agent(lab, deployment, wait="8s", strict=strict) as agent:
        old = server_of_master(deployment)
        answers = []
        stopped = threading.Event()

        def ask():
            with spop_client.connect(agent.spop_address, timeout=12) as client:
                while not stopped.is_set():
                    began = time.monotonic()
                    server = client.ask(NAME, role="replica")["server"]
                    answers.append((server, time.monotonic() - began))
                    time.sleep(0.002)

        thread = threading.Thread(target=ask)
        thread.start()
        deployment.master_of().kill()
        wait_until(lambda: read_of_master(agent) not in (None, old), 12, "another master")
        (left,) = set(deployment.group.servers) - {old, server_of_master(deployment)}
        await_reads(agent, {left}, within=8)
        stopped.set()
        thread.join()
        longest = max(took for _, took in answers)
        if strict == "false":
            assert None not in {server for server, _ in answers}
            assert longest < 0.5, f"a read waited for {longest} s"
        else:
            assert longest > 0.5


def read_of_master(agent):
    with spop_client.connect(agent.spop_address, timeout=12) as client:
        return client.ask(NAME)["server"]


def test_a_health_check_and_explain_tell_which_replicas_may_be_read(lab, deployment):
    with reading_agent(lab, deployment) as agent, writing(deployment.master_of()):
        master = server_of_master(deployment)
        stalled, other = sorted(set(deployment.group.servers) - {master})
        path = f"/v1/replica/{NAME}"
        assert agent.get(f"{path}/{other}")[0] == 200
        assert agent.get(f"{path}/{other}?lag=10MB")[0] == 200
        assert agent.get(f"{path}/{other}", "OPTIONS")[0] == 200
        assert agent.get(f"{path}/{other}?lag=10")[0] == 400
        assert agent.get(f"{path}/{master}")[0] == 503
        assert agent.get(f"{path}/R9")[0] == 404
        assert agent.get(f"/v1/replica/nobody/{other}")[0] == 404
        node = deployment.group.servers[stalled]
        node.freeze()
        await_reads(agent, {other})
        status, text = agent.get(f"{path}/{stalled}")
        assert status == 503 and "silent" in text or "too old" in text
        explained = agent_module.run("explain", NAME, "--url", agent.url).stdout
        assert f"reads go to {other}" in explained
        node.thaw()
