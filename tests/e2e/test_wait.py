"""New connections wait for the new master instead of being refused."""

import concurrent.futures
import contextlib
import json
import os
import socket
import time

import pytest

from lab import resp, spop_client
from lab.agent import masters_of, start_agent
from lab.haproxy import start_haproxy
from lab.observer import Observer
from lab.switch import observe_switch
from lab.waiting import wait_until
from lab.writer import Writer

from knocking import knock

NAME = "mymaster"
RATE = 200
PATIENCE = 8
LONG_AGO = 60  # seconds; a down-after that never comes to pass


@pytest.fixture
def start(lab, deployment):
    """Starts an agent, with probes, and HAProxy in front; both end with the test."""
    started = []

    def start(wait="8s", spop=None):
        (master,) = masters_of(deployment)
        sections = {"masters": [master | {"redis": {}, "policy": {"wait": wait}}]}
        if spop:
            sections["spop"] = spop
        agent = start_agent(lab, deployment, **sections)
        started.append(agent)
        await_state(agent, "ok")
        started.append(start_haproxy(lab, agent))
        return agent, started[-1]

    yield start
    lab.end(started[::-1])


def report(agent):
    status, text = agent.get(f"/v1/masters/{NAME}")
    assert status == 200, text
    return json.loads(text)


def await_state(agent, state, within=10):
    wait_until(lambda: report(agent)["state"] == state, within, f"the state is {state}")


def waiting(agent):
    return int(agent.metric("sentinel_spoa_waiting_connections", master_name=NAME))


def await_waiting(agent, count, within=5):
    wait_until(lambda: waiting(agent) == count, within,
               lambda: f"{count} wait; now {waiting(agent)}")


def waits_ended(agent, end):
    return int(agent.metric("sentinel_spoa_waits_total", master_name=NAME, end=end))


@contextlib.contextmanager
def doubt(deployment, agent):
    """The master is seen as down, and cannot be replaced, while the block runs."""
    replicas = [node for node in deployment.group.nodes if node is not deployment.master_of()]
    for node in replicas:
        node.set_priority(0)
    wait_until(lambda: all(
        int(replica["slave-priority"]) == 0
        for sentinel in deployment.sentinels for replica in sentinel.client.sentinel_slaves(NAME)),
        5, "the Sentinels know that no replica may be promoted")
    master = deployment.master_of()
    try:
        master.freeze()
        await_state(agent, "odown")
        yield master
    finally:
        master.thaw()
        for node in replicas:
            node.set_priority(100)


class Clients:
    """A context with `count` clients of HAProxy that each asked who is there and wait for the reply."""

    def __init__(self, port, count):
        self._port, self._count = port, count
        self._pool = concurrent.futures.ThreadPoolExecutor(count)
        self.begun = None

    def __enter__(self):
        self.begun = time.monotonic()
        self._sockets = [socket.create_connection(("127.0.0.1", self._port), 3)
                         for _ in range(self._count)]
        self._ends = [self._pool.submit(self._wait, one) for one in self._sockets]
        return self

    def __exit__(self, *_):
        self.leave()
        self._pool.shutdown()

    def leave(self):
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _wait(self, one):
        """The port of the Redis that answered, None without one, and when that was known."""
        one.settimeout(30)
        with contextlib.suppress(OSError):
            one.sendall(resp.encode("CONFIG", "GET", "port"))
            reply = b""
            while chunk := one.recv(4096):
                reply += chunk
                if reply.count(b"\r\n") == 5:
                    return int(reply.split(b"\r\n")[4]), time.monotonic()
        return None, time.monotonic()

    def ends(self, within=20):
        """(port, moment) for each, when all have ended."""
        return [end.result(within) for end in self._ends]

    def done(self):
        return sum(end.done() for end in self._ends)


# --- failover ------------------------------------------------------------------------------------

def crash(deployment):
    return deployment.master_of().kill


def manual_failover(deployment):
    return lambda: deployment.sentinels[0].client.execute_command("SENTINEL FAILOVER", NAME)


RUNS = 5


@pytest.mark.deadline(150)
@pytest.mark.parametrize("cause", [crash, manual_failover])
def test_who_connects_during_a_failover_is_served_by_the_new_master(
        cause, start, deployment, capsys):
    agent, haproxy = start()
    switches = []
    for _ in range(RUNS):
        await_state(agent, "ok")
        old = deployment.master_of()
        with Observer(deployment, agent) as observer, \
                Writer(haproxy.port, RATE, patience=PATIENCE) as writer:
            switch = observe_switch(old, cause(deployment), observer, writer)
        switches.append((switch, writer.writes))
        deployment.repair()

    with capsys.disabled():
        print(f"\n\n{cause.__name__}: ms   cause to majority   majority to first write   longest wait"
              f"   failed")
        for switch, writes in switches:
            longest = max(write.ended - write.begun for write in writes)
            print(f"  {switch.until_majority:22.1f} {switch.write_delay:25.1f} {1000 * longest:14.1f}"
                  f" {len(failed(writes)):8}")
    for switch, writes in switches:
        assert not switch.astray(writes)
        # Only who connected before anyone could know of the crash may be refused.
        assert not [write for write in failed(writes) if write.begun > switch.caused + 0.5]
    assert waits_ended(agent, "released") > RUNS * RATE / 10
    await_waiting(agent, 0)


def failed(writes):
    return [write for write in writes if write.error]


@pytest.mark.deadline(60)
def test_a_wait_of_0_refuses_at_once(start, deployment):
    agent, haproxy = start(wait=0)
    assert "timeout processing 300ms" in (haproxy.folder / "spoe-sentinel.cfg").read_text()
    with doubt(deployment, agent), Clients(haproxy.port, 10) as clients:
        for port, moment in clients.ends():
            assert port is None
            assert moment - clients.begun < 1
    assert waits_ended(agent, "timed_out") == 0


@pytest.mark.deadline(60)
def test_a_wait_that_is_over_before_the_doubt_is_ends_in_a_refusal(start, deployment):
    agent, haproxy = start(wait="1s")
    with doubt(deployment, agent), Clients(haproxy.port, 10) as clients:
        await_waiting(agent, 10)
        for port, moment in clients.ends():
            assert port is None
            assert 0.9 < moment - clients.begun < 3
        assert waits_ended(agent, "timed_out") == 10
        assert waiting(agent) == 0


@pytest.mark.deadline(60)
def test_the_end_of_doubt_serves_all_who_wait(start, deployment):
    agent, haproxy = start()
    with doubt(deployment, agent) as master, Clients(haproxy.port, 200) as clients:
        await_waiting(agent, 200)
        told = report(agent)
        assert (told["state"], told["waiting"]) == ("odown", 200)
        assert "200 new connections wait" in agent.status().stdout
        assert clients.done() == 0
        master.thaw()
        assert {port for port, _ in clients.ends()} == {master.port}
    assert waits_ended(agent, "released") == 200
    await_waiting(agent, 0)


@pytest.mark.deadline(60)
def test_a_master_that_is_silent_for_a_moment_is_waited_for(start, deployment):
    agent, haproxy = start()
    for sentinel in deployment.sentinels:
        sentinel.client.execute_command(
            "SENTINEL SET", NAME, "down-after-milliseconds", 1000 * LONG_AGO)
    try:
        master = deployment.master_of()
        master.freeze()
        await_state(agent, "silent")
        with Clients(haproxy.port, 20) as clients:
            await_waiting(agent, 20)
            master.thaw()
            assert {port for port, _ in clients.ends()} == {master.port}
    finally:
        for sentinel in deployment.sentinels:
            sentinel.client.execute_command(
                "SENTINEL SET", NAME, "down-after-milliseconds", deployment.settings.down_after_ms)


# --- limits --------------------------------------------------------------------------------------

@pytest.mark.deadline(60)
def test_when_too_many_wait_the_oldest_are_refused(start, deployment):
    agent, haproxy = start(spop={"max_waiting": 20})
    with doubt(deployment, agent) as master, Clients(haproxy.port, 20) as early:
        await_waiting(agent, 20)
        with Clients(haproxy.port, 5) as late:
            wait_until(lambda: early.done() == 5, 3, "five of the early ones are refused")
            assert waits_ended(agent, "crowded") == 5
            assert waiting(agent) == 20
            master.thaw()
            assert {port for port, _ in late.ends()} == {master.port}
        ports = [port for port, _ in early.ends()]
        assert sorted(ports, key=str) == sorted([None] * 5 + [master.port] * 15, key=str)


# --- leaving -------------------------------------------------------------------------------------

def descriptors(agent):
    return len(os.listdir(f"/proc/{agent.pid}/fd"))


@pytest.mark.deadline(90)
def test_clients_that_leave_while_they_wait_leave_nothing_behind(start, deployment):
    agent, haproxy = start(wait="3s")
    before = descriptors(agent)
    with doubt(deployment, agent):
        with Clients(haproxy.port, 300) as clients:
            await_waiting(agent, 300)
            clients.leave()
        # HAProxy does not say that they left: the wait has to end.
        await_waiting(agent, 0, within=5)
    haproxy.terminate()
    wait_until(lambda: descriptors(agent) <= before, 5,
               lambda: f"{before} descriptors; now {descriptors(agent)}")


@pytest.mark.deadline(60)
def test_a_connection_that_is_reset_takes_its_waits_along(start, deployment):
    agent, _ = start()
    with doubt(deployment, agent):
        client = spop_client.connect(agent.spop_address)
        for stream in range(1, 11):
            client.notify([("sentinel-verdict", [("master", spop_client.string(NAME))])], stream)
        await_waiting(agent, 10)
        client._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        await_waiting(agent, 0)
        assert waits_ended(agent, "left") == 10


@pytest.mark.deadline(60)
def test_an_impatient_haproxy_hurts_nobody(start, deployment):
    """Its `timeout processing` comes first: the answer is for a stream that it no longer has."""
    agent, haproxy = start(wait="2s")
    spoe = haproxy.folder / "spoe-sentinel.cfg"
    spoe.write_text(spoe.read_text().replace("timeout processing 2500ms", "timeout processing 400ms"))
    haproxy.terminate()
    haproxy.start()
    with doubt(deployment, agent) as master:
        with Clients(haproxy.port, 10) as clients:
            for port, moment in clients.ends():
                assert port is None
                assert moment - clients.begun < 2
        await_waiting(agent, 0)
        master.thaw()
        await_state(agent, "ok")
        with Clients(haproxy.port, 40) as clients:
            assert {port for port, _ in clients.ends()} == {master.port}


@pytest.mark.deadline(60)
def test_an_agent_that_stops_answers_those_who_wait(start, deployment):
    agent, haproxy = start()
    with doubt(deployment, agent), Clients(haproxy.port, 200) as clients:
        await_waiting(agent, 200)
        stopping = time.monotonic()
        assert agent.terminate() == 0
        for port, moment in clients.ends():
            assert port is None
            assert moment - stopping < 2
        assert "report this" not in agent.log_text()
        agent.start(ready=False)


@pytest.mark.deadline(60)
def test_an_agent_that_hangs_keeps_nobody_waiting(start, deployment, capsys):
    agent, haproxy = start(wait="20s")
    with doubt(deployment, agent), Clients(haproxy.port, 50) as clients:
        await_waiting(agent, 50)
        begun = time.monotonic()
        agent.freeze()
        with Clients(haproxy.port, 10) as late:
            ends = clients.ends() + late.ends()
        assert {port for port, _ in ends} == {None}
        last = max(moment for _, moment in ends) - begun
        with capsys.disabled():
            print(f"\n\nagent stopped by SIGSTOP: the last was refused after {last:.2f} s")
        assert last < 3
        agent.thaw()


@pytest.mark.deadline(60)
def test_an_agent_that_dies_ends_the_waits_and_its_successor_serves(start, deployment):
    agent, haproxy = start(wait="20s")
    with doubt(deployment, agent) as master, Clients(haproxy.port, 50) as clients:
        await_waiting(agent, 50)
        begun = time.monotonic()
        agent.kill()
        assert {port for port, _ in clients.ends()} == {None}
        assert max(moment for _, moment in clients.ends()) - begun < 3
        # Up to HAProxy 3.0 these wait for an agent, from 3.1 on they are refused.
        with Clients(haproxy.port, 10) as late:
            master.thaw()
            agent.start()
            await_state(agent, "ok")
            assert {port for port, _ in late.ends()} <= {None, master.port}
    wait_until(lambda: knock(haproxy.port).port == master.port, 5, "new connections are served")
