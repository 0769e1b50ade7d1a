"""Abuse of the SPOP port and overload: the healthy connections lose nothing, and nothing is left behind."""

import concurrent.futures
import contextlib
import os
import pathlib
import re
import threading
import time

import pytest
from knocking import knock_often

from lab import abusers, spop_client
from lab.agent import make_agent, start_agent
from lab.haproxy import start_haproxy
from lab.waiting import wait_until

HEALTHY = 8
LIMITS = {"hello_timeout": "500ms", "frame_timeout": "500ms", "write_timeout": "500ms"}


@pytest.fixture(scope="module")
def hardened(lab, shared_deployment):
    """An agent with two workers and short limits of time."""
    agent = start_agent(lab, shared_deployment, spop={"threads": 2, **LIMITS})
    yield agent
    assert agent.alive, agent.log_text()[-2000:]
    lab.end([agent])


def connections(agent):
    return agent.metric("sentinel_spoa_spop_connections")


def errors(agent, reason):
    return agent.metric("sentinel_spoa_spop_errors_total", reason=reason)


def accepted(agent):
    return agent.metric("sentinel_spoa_spop_connections_total")


def descriptors(agent):
    return len(os.listdir(f"/proc/{agent.pid}/fd"))


def ask_on(client, stop):
    """Asks until told to stop; the servers that were answered. Raises when an answer fails to come."""
    servers = set()
    while not stop.is_set():
        servers.add(client.ask()["server"])
    return servers


@contextlib.contextmanager
def healthy_connections(agent):
    """Connections by TCP and UNIX alike, alone with the agent at first and again in the end."""
    def alone():
        wait_until(lambda: connections(agent) == HEALTHY, 5, "only the healthy are there")

    with contextlib.ExitStack() as stack:
        addresses = [agent.spop_path, agent.spop_address] * (HEALTHY // 2)
        clients = [
            stack.enter_context(spop_client.connect(address, timeout=5)) for address in addresses]
        alone()
        open_before = descriptors(agent)
        yield clients
        alone()
        wait_until(
            lambda: descriptors(agent) <= open_before, 5, "the descriptors are given back")


@pytest.mark.parametrize("abuse", abusers.KINDS, ids=lambda abuse: abuse.__name__)
def test_abuse_beside_healthy_connections_costs_them_no_answer(abuse, hardened, deployment):
    master = deployment.group.server_of(deployment.master_of())
    reason, enough = abusers.KINDS[abuse]

    def counted():
        return errors(hardened, reason) if reason else accepted(hardened)

    with healthy_connections(hardened) as healthy:
        before, stop = counted(), threading.Event()
        with concurrent.futures.ThreadPoolExecutor(HEALTHY + 1) as threads:
            asking = [threads.submit(ask_on, client, stop) for client in healthy]
            abusing = threads.submit(abuse, hardened.spop_address, stop)
            try:
                wait_until(
                    lambda: abusing.done() or counted() >= before + enough, 15,
                    lambda: f"counted {counted() - before:.0f} of {enough}")
            finally:
                stop.set()
            assert abusing.result() > 0  # or raises what ended it
            for one in asking:
                assert one.result() == {master}
        for client in healthy:
            assert client.ask()["server"] == master
    assert counted() >= before + enough
    assert errors(hardened, "internal") == 0


def test_connections_above_the_limit_are_told_so_and_served_when_there_is_room(lab, deployment):
    agent = start_agent(lab, deployment, spop={"threads": 2, "max_connections": 2})
    master = deployment.group.server_of(deployment.master_of())
    with contextlib.ExitStack() as stack:
        first, second, third = (
            stack.enter_context(spop_client.connect(address))
            for address in (agent.spop_address, agent.spop_path, agent.spop_address))
        assert first.ask()["server"] == second.ask()["server"] == master
        refused = third.ask()
        assert (refused["state"], refused["server"], refused["ip"]) == ("stale", None, None)
        assert "max_connections" in refused["reason"]
        assert errors(agent, "overload") == 1
        wait_until(
            lambda: "warning overload: " in agent.log_text(), 5, "the overload is logged")

        first.close()
        wait_until(lambda: third.ask()["server"] == master, 5, "it is served now")
        second.close()
        wait_until(lambda: "overload is over" in agent.log_text(), 5, "the end is logged")
    assert agent.log_text().count("overload") == 2
    lab.end([agent])


def knock_for(seconds, port):
    """Where 20 clients at a time get to, who come again and again for so long."""
    knocks, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        knocks += knock_often(port, 40, at_once=20)
    return {knock.port for knock in knocks}


def test_an_overloaded_agent_refuses_haproxys_clients_and_is_not_stormed(lab, deployment):
    agent = start_agent(lab, deployment, spop={"max_connections": 2})
    master = deployment.master_of()
    with spop_client.connect(agent.spop_address), spop_client.connect(agent.spop_path) as second:
        haproxy = start_haproxy(lab, agent)
        before = accepted(agent)
        assert knock_for(2, haproxy.port) == {None}
        # One for each question at a time, and a health check twice a second. A storm, as after a
        # close in the handshake, would be thousands a second.
        assert accepted(agent) - before <= 100
        assert errors(agent, "overload") > 0

        second.close()
        wait_until(
            lambda: knock_often(haproxy.port, 1)[0].port == master.port, 5, "there is room for one")
        assert knock_for(0.5, haproxy.port) <= {master.port, None}
        assert accepted(agent) - before <= 200
    lab.end([haproxy, agent])


def test_a_hard_limit_of_descriptors_that_is_too_low_is_told_with_what_to_set(lab, deployment):
    agent = make_agent(lab, deployment, spop={"max_connections": 5000})
    agent.descriptor_limits = "300:1100"  # HTTP may have 768 of them
    agent.start()
    (line,) = (line for line in agent.log_text().splitlines() if "descriptors" in line)
    needed, again = re.search(r"LimitNOFILE=(\d+) .* ulimit -n (\d+)", line).groups()
    effective = int(re.search(r"effective=(\d+)", line)[1])
    assert int(needed) == int(again) > 5000
    assert "max_connections=5000" in line and 100 < effective < 332

    master = deployment.group.server_of(deployment.master_of())
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(spop_client.connect(agent.spop_path))
                   for _ in range(effective + 10)]
        assert clients[effective - 1].ask()["server"] == master
        assert clients[-1].ask()["server"] is None
        assert agent.metric("sentinel_spoa_accept_errors_total") == 0
    agent.kill()

    agent.descriptor_limits = f"300:{needed}"
    log_before = len(agent.log_text())
    agent.start()
    assert "descriptors" not in agent.log_text()[log_before:]
    (limit,) = re.findall(
        r"Max open files +(\d+)", pathlib.Path(f"/proc/{agent.pid}/limits").read_text())
    assert limit == needed, "the soft limit is raised as far as needed"
    lab.end([agent])
