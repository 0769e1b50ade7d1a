"""One thousand monitored names on five Sentinels: what that costs the agent, and what it costs them."""

import concurrent.futures
import dataclasses
import os
import pathlib
import statistics
import time

import pytest

from lab import spop_client
from lab.agent import make_agent
from lab.crowd import CROWD, MOVING, NAMES, Crowd, begin_failover, masters_of_crowd
from lab.lab import Lab
from lab.observer import Observer
from lab.waiting import wait_until

SECONDS = 6  # of rest, to measure in
MEMORY_LIMIT = 64 * 1024 * 1024
CPU_LIMIT = 0.25  # of one core; some 0.065 on an idle machine
VERDICT_LIMIT = 500.0  # ms after the majority; some 5 on an idle machine
FAILOVERS = 2
ESTABLISHED = "01"  # in /proc/net/tcp


@pytest.fixture(scope="module")
def crowd():
    """(deployment, agent), settled."""
    with Lab() as lab:
        deployment = Crowd(lab)
        deployment.start()
        agent = make_agent(lab, deployment, masters=list(masters_of_crowd(deployment)))
        agent.start(ready=False)
        agent.await_status("/readyz", 200, within=20)
        # A majority is enough to be ready.
        wait_until(lambda: agent.metric("sentinel_spoa_sentinel_up") == 5, 20, "all are connected")
        yield deployment, agent


@dataclasses.dataclass(frozen=True)
class Counters:
    """What one Sentinel has counted."""

    commands: int
    cpu: float  # seconds


def counters(deployment):
    def read(sentinel):
        info = sentinel.client.info()
        return Counters(info["total_commands_processed"], info["used_cpu_user"] + info["used_cpu_sys"])

    return [read(sentinel) for sentinel in deployment.sentinels]


def connections_to(deployment, process):
    """The process' own ports on its connections to each Sentinel."""
    files = pathlib.Path(f"/proc/{process.pid}/fd").iterdir()
    sockets = {os.readlink(file) for file in files}
    rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    own = [(int(row[2][-4:], 16), int(row[1][-4:], 16)) for row in rows
           if row[3] == ESTABLISHED and f"socket:[{row[9]}]" in sockets]
    return [{mine for theirs, mine in own if theirs == sentinel.port} for sentinel in deployment.sentinels]


def resident_bytes(process):
    lines = pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


@pytest.mark.deadline(120)
def test_a_thousand_names_at_rest_without_regular_greetings_cost_little(crowd, capsys):
    deployment, agent = crowd
    connections = connections_to(deployment, agent)
    before, begun, used = counters(deployment), time.monotonic(), agent.cpu_seconds()
    wait_until(lambda: time.monotonic() - begun >= SECONDS, SECONDS + 1, "a time of rest", every=0.5)
    cpu = (agent.cpu_seconds() - used) / (time.monotonic() - begun)
    after, took = counters(deployment), time.monotonic() - begun
    queries = [(now.commands - then.commands) / NAMES / (took / 0.5)
               for then, now in zip(before, after, strict=True)]
    sentinel_cpu = [(now.cpu - then.cpu) / took for then, now in zip(before, after, strict=True)]
    memory = resident_bytes(agent)
    with capsys.disabled():
        print(f"\n\n{NAMES} names, 5 Sentinels, at rest for {took:.0f} s:\n"
              f"  agent: {memory / 2**20:.1f} MiB resident, {100 * cpu:.1f} % of a core\n"
              f"  each Sentinel: {max(queries):.2f} commands per name and 500 ms at most, "
              f"{[len(each) for each in connections]} connections of the agent, "
              f"{100 * statistics.mean(sentinel_cpu):.0f} % of a core")
    assert [len(each) for each in connections] == [2] * 5
    assert connections_to(deployment, agent) == connections
    # With all that the Sentinels ask each other, and these tests them.
    assert 0.9 <= min(queries) and max(queries) <= 2
    assert memory <= MEMORY_LIMIT
    assert cpu <= CPU_LIMIT


@pytest.mark.deadline(120)
def test_a_failover_among_a_thousand_names_is_followed_at_once(crowd, capsys):
    deployment, agent = crowd
    delays = []
    for _ in range(FAILOVERS):
        old = deployment.master_of(MOVING)
        with Observer(deployment, agent) as observer:
            wait_until(lambda: begin_failover(deployment.sentinels[0]), 15, "a replica may be promoted")
            majority = wait_until(lambda: observer.new_majority(old, 0), 15, "a new majority")
            verdict = wait_until(lambda: observer.verdict(majority.value, 0), 5, "the agent follows")
        delays.append(1000 * (verdict.seen - majority.seen))
    with capsys.disabled():
        print(f"\n\nmajority to verdict with {NAMES} names: "
              + ", ".join(f"{delay:.1f}" for delay in delays) + " ms")
    assert max(delays) <= VERDICT_LIMIT
    assert open_names(agent) == NAMES


def open_names(agent):
    """How many of all names have a master that may be used, each asked by SPOP."""
    def ask(names):
        with spop_client.connect(agent.spop_address) as client:
            return sum(1 for name in names if client.ask(name)["server"])

    names = (MOVING, *CROWD)
    with concurrent.futures.ThreadPoolExecutor(4) as clients:
        return sum(clients.map(ask, (names[part::4] for part in range(4))))
