"""SIGUSR2: a new process takes over the sockets and HAProxy's connections, and no client notices."""

import contextlib
import os
import shutil
import signal
import threading
import time

import pytest
from knocking import knock

from lab import agent as agent_module
from lab import spop_client
from lab.agent import masters_of, start_agent
from lab.haproxy import start_haproxy
from lab.haproxy_versions import wanted_versions
from lab.pushed import PushedHAProxy
from lab.upgraded import Upgraded
from lab.waiting import wait_until
from lab.writer import Writer

UPGRADES = int(os.environ.get("SENTINEL_SPOA_UPGRADES", "10"))
RATE = 1000  # connections a second, at least


@pytest.fixture
def upgraded(lab, deployment):
    (master,) = masters_of(deployment)
    agent = start_agent(
        lab, deployment, masters=[master | {"redis": {}, "replicas": {"fallback": "refuse"}}],
        state_file="state.json")
    one = Upgraded(agent)
    yield one
    lab.end([one])


def test_all_sockets_go_over(upgraded):
    agent = upgraded.agent
    addresses = (agent.spop_address, agent.spop_path)
    with contextlib.ExitStack() as open_ones:
        clients = [open_ones.enter_context(spop_client.connect(address)) for address in addresses]
        for _ in range(2):
            upgraded.upgrade()
            assert [client.ask()["server"] for client in clients] == ["R1", "R1"]
            assert agent.metric("sentinel_spoa_spop_connections") == len(clients)
    for address in addresses:
        with spop_client.connect(address) as client:
            assert client.ask()["server"] == "R1"
    assert agent.get("/readyz")[0] == 200


@pytest.mark.deadline(60)
def test_the_new_process_knows_the_masters_without_sentinels_and_without_a_state_file(lab, deployment):
    upgraded = Upgraded(start_agent(lab, deployment))
    agent = upgraded.agent
    try:
        with spop_client.connect(agent.spop_address) as client:
            known = client.ask()
            for sentinel in deployment.sentinels:
                sentinel.kill()
            wait_until(lambda: client.ask()["state"] == "no-quorum", 5, "no majority is heard")
            upgraded.upgrade()
            answer = client.ask()
        assert (answer["server"], answer["epoch"]) == (known["server"], known["epoch"])
        assert answer["state"] in ("no-quorum", "stale")
    finally:
        lab.end([agent])
        for pid in upgraded.pids_told():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


# What a program of before connections were handed over makes of what it is left.
OLDER = """#!/bin/bash
kept=()
while IFS= read -r line; do
    case $line in
        connections/*=*) descriptor=${{line##*=}}; exec {{descriptor}}>&- ;;
        *) kept+=("$line") ;;
    esac
done <<<"$SENTINEL_SPOA_SOCKETS"
SENTINEL_SPOA_SOCKETS=$(printf '%s\\n' "${{kept[@]}}") exec {program} "$@"
"""


def test_an_older_program_gets_the_sockets_and_haproxy_a_goodbye(lab, deployment, monkeypatch):
    program = lab.subfolder("program") / "sentinel-spoa"
    shutil.copy2(agent_module.BINARY, program)
    monkeypatch.setattr(agent_module, "BINARY", program)
    agent = start_agent(lab, deployment)
    upgraded = Upgraded(agent)
    monkeypatch.undo()
    older = program.with_suffix(".older")
    older.write_text(OLDER.format(program=agent_module.BINARY))
    older.chmod(0o755)
    older.replace(program)
    try:
        with spop_client.connect(agent.spop_address) as client:
            upgraded.upgrade()
            with pytest.raises(spop_client.Disconnected) as goodbye:
                client.ack()
            assert goodbye.value.status == 0
        with spop_client.connect(agent.spop_address) as client:
            assert client.ask()["server"] == "R1"
    finally:
        lab.end([upgraded])


def test_a_bad_file_ends_the_new_process_and_the_old_goes_on(upgraded):
    agent = upgraded.agent
    agent.file.write_text("no_such_key: 1\n")
    with spop_client.connect(agent.spop_address) as client:
        upgraded.begin()
        wait_until(lambda: "this process goes on" in agent.log_text(), 10, "a word about it")
        assert client.ask()["server"] == "R1"
    agent.write_config()
    upgraded.upgrade()


class Knocker(threading.Thread):
    """Connects to a port of HAProxy's again and again; keeps what did not lead to one of these nodes."""

    def __init__(self, port, nodes, over):
        super().__init__(daemon=True)
        self._port, self._ports, self._over = port, {node.port for node in nodes}, over
        self.knocks, self.failed = 0, []

    def run(self):
        while not self._over.is_set():
            try:
                one = knock(self._port)
                if one.port not in self._ports:
                    self.failed.append(one)
            except Exception as trouble:  # pylint: disable=broad-except
                self.failed.append(trouble)
            self.knocks += 1


@pytest.mark.deadline(60 + 3 * UPGRADES)
@pytest.mark.parametrize("version", ["oldest", "newest"])
def test_no_client_is_refused(lab, deployment, upgraded, version):
    versions = [each for each in wanted_versions() if each.number]
    wanted = min(versions, key=lambda each: each.number) if version == "oldest" else \
        max(versions, key=lambda each: each.number)
    haproxy = start_haproxy(lab, upgraded.agent, binary=wanted.binary)
    stop = threading.Event()
    knockers = [Knocker(haproxy.port, [deployment.master_of()], stop) for _ in range(4)]
    for knocker in knockers:
        knocker.start()
    begun = time.monotonic()
    for _ in range(UPGRADES):
        upgraded.upgrade()
        time.sleep(0.2)  # of load on the new process alone
    took = time.monotonic() - begun
    stop.set()
    for knocker in knockers:
        knocker.join(10)
    failed = [failure for knocker in knockers for failure in knocker.failed]
    knocks = sum(knocker.knocks for knocker in knockers)
    print(f"HAProxy {wanted}: {UPGRADES} upgrades, {knocks} connections, {knocks / took:.0f}/s; failed: {failed}")
    lab.end([haproxy])
    assert not failed
    assert knocks / took > RATE / 2  # a machine that has other things to do is no fault


def test_lua_in_haproxy_follows_the_new_process_at_once(lab, deployment, upgraded):
    haproxy = lab.add(PushedHAProxy(lab, upgraded.agent))
    haproxy.start()
    wait_until(haproxy.followed, 5, "HAProxy follows the agent")
    stop = threading.Event()
    knocker = Knocker(haproxy.port, [deployment.master_of()], stop)
    knocker.start()
    without = []
    for _ in range(3):
        upgraded.upgrade()
        ended = time.monotonic()
        wait_until(haproxy.followed, 1, "HAProxy follows the new process")
        without.append(round(time.monotonic() - ended, 3))
        wait_until(lambda ended=ended: time.monotonic() > ended + 1.2, 5, "a connection that has lasted")
    stop.set()
    knocker.join(10)
    print(f"followed again so long after the old process had ended, s: {without}; {knocker.knocks} connections")
    assert not knocker.failed and not haproxy.alerts()
    lab.end([haproxy])


def test_reads_stay_with_the_replicas(lab, deployment, upgraded):
    haproxy = start_haproxy(lab, upgraded.agent)
    (port,) = haproxy.read_ports.values()
    wait_until(lambda: knock(port).port, 5, "a replica is fresh")
    stop = threading.Event()
    replicas = [node for node in deployment.group.servers.values() if node is not deployment.master_of()]
    knocker = Knocker(port, replicas, stop)
    knocker.start()
    # While the master writes, a replica may be asked before it has what the master said first.
    with Writer(deployment.master_of().port, 500, pooled=True):
        for _ in range(UPGRADES):
            upgraded.upgrade()
            time.sleep(0.2)  # of load on the new process alone
    stop.set()
    knocker.join(10)
    print(f"{knocker.knocks} connections for reads; failed: {len(knocker.failed)}")
    lab.end([haproxy])
    assert not knocker.failed, upgraded.agent.log_text()
