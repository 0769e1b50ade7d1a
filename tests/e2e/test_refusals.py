"""Clients that nobody can serve: how their connections end, and what HAProxy's log says of each."""

import collections
import concurrent.futures
import re
import socket
import time

import pytest

from lab.agent import make_agent
from lab.haproxy import FORMS, HAProxy
from lab.nodes import HOST
from lab.waiting import wait_until

FROZEN_FOR = 6
EVERY = 0.025  # a client, half of them speak first
PING = b"*1\r\n$4\r\nPING\r\n"
LINE = re.compile(r" (?P<end>[A-Z-]{2}) \d+/\d+/\d+/\d+/\d+ .* state=(?P<state>\S+) .*reason=\"(?P<reason>[^\"]*)\"")


def end_of(port, speaks):
    """How the connection of one client ends: closed, reset, or served."""
    with socket.create_connection((HOST, port), timeout=10) as client:
        try:
            if speaks:
                client.sendall(PING)
            return "served" if client.recv(100) else "closed"
        except ConnectionError:
            return "reset"


def lines_of(haproxy):
    """The log lines of clients."""
    return [LINE.search(line) for line in haproxy.log_text().splitlines() if " redis_mymaster " in line]


def dropped_lines(haproxy):
    """HAProxy's own count: of two threads that write to its output at once, it drops the line of one."""
    return int(re.search(r"^DroppedLogs: (\d+)", haproxy.ask("show info"), re.M)[1])


@pytest.fixture
def logging_haproxy(lab, deployment, any_haproxy):
    """Makes an agent and a HAProxy that writes its log to its output."""
    processes = []

    def make(form):
        agent = make_agent(lab, deployment)
        agent.config["spop"]["listen"] = ["{}:{}".format(*agent.spop_address)]
        agent.write_config()
        agent.start()
        haproxy = lab.add(HAProxy(
            lab, agent, form, any_haproxy.binary,
            edit=lambda text: text
            .replace("\nglobal\n", "\nglobal\n    log stdout format raw local0\n", 1)
            .replace("\ndefaults\n", "\ndefaults\n    log global\n", 1)))
        haproxy.start()
        processes.extend([haproxy, agent])
        return haproxy, agent

    yield make
    lab.end(processes)


@pytest.mark.deadline(60)
@pytest.mark.parametrize("form", FORMS)
def test_a_frozen_agent_costs_no_client_a_reset_and_each_is_logged(logging_haproxy, form, capsys):
    haproxy, agent = logging_haproxy(form)
    wait_until(lambda: end_of(haproxy.port, True) == "served", 5, "a client is served")
    before = wait_until(lambda: len(lines_of(haproxy)), 5, "a line for that one")
    ends = {True: collections.Counter(), False: collections.Counter()}
    agent.freeze()
    with concurrent.futures.ThreadPoolExecutor(100) as clients:
        asked = []
        until = time.monotonic() + FROZEN_FOR
        while time.monotonic() < until:
            for speaks in (True, False):
                asked.append((speaks, clients.submit(end_of, haproxy.port, speaks)))
            time.sleep(2 * EVERY)
        # Whoever still waits is let go by the check, not by an answer.
        for speaks, end in asked:
            ends[speaks][end.result()] += 1
    agent.thaw()
    with capsys.disabled():
        print(f"\n{form}: speak first {dict(ends[True])}, wait {dict(ends[False])}")
    assert set(ends[True]) == set(ends[False]) == {"closed"}

    wait_until(lambda: len(lines_of(haproxy)) - before + dropped_lines(haproxy) >= len(asked), 15,
               lambda: f"{len(lines_of(haproxy)) - before} lines for {len(asked)} clients, and "
                       f"{dropped_lines(haproxy)} dropped")
    refused = lines_of(haproxy)[before:]
    assert all(refused), haproxy.log_text()[-2000:]
    assert {line["end"] for line in refused} <= {"PR", "SC"}
    assert {line["state"] for line in refused} == {"-"}
    # Those that came before the check had noticed waited for an answer; the others could not be asked.
    assert {line["reason"] for line in refused} == {"", "no agent is up"}
