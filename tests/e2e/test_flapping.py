"""One Sentinel of three that lies: how long it can close the gate, what it costs, and that a real failover in
the middle of it is followed all the same.

SENTINEL_SPOA_FLAP_SECONDS=60 makes each lie last so long; the default is short.
"""

import json
import os
import statistics
import time

import pytest

from lab import spop_client
from lab.agent import Agent
from lab.lab import Lab
from lab.nodes import HOST
from lab.observer import Poller
from lab.scripted_sentinels import ScriptedSentinels
from lab.waiting import wait_until

NAME = "mymaster"
SECONDS = float(os.environ.get("SENTINEL_SPOA_FLAP_SECONDS", 8))
CLOSED_AT_MOST = 2.0  # in any minute
LINES_AT_MOST = 100  # in eight seconds
TICKS = os.sysconf("SC_CLK_TCK")


class Town:
    """Two Sentinels that agree, one that does not, an agent that hears all three, and a client that asks it
    every millisecond. Nothing listens where the servers are said to be: nobody is asked but the Sentinels."""

    def __init__(self, lab):
        servers = {server: (HOST, lab.ports.take()) for server in ("R1", "R2")}
        self.servers = servers
        self.honest = ScriptedSentinels([NAME], servers, [lab.ports.take() for _ in range(2)])
        self.liar = ScriptedSentinels([NAME], servers, [lab.ports.take()])
        self.agent = lab.add(Agent(
            lab, sentinels={"addresses": self.honest.addresses + self.liar.addresses},
            masters=[{"name": NAME, "policy": {"wait": 0},
                      "servers": {server: f"{host}:{port}" for server, (host, port) in servers.items()}}]))
        self.client = Poller(
            lambda: spop_client.connect(self.agent.spop_address, timeout=5),
            lambda client: client.ask(NAME)["server"])
        self.master = "R1"

    def __enter__(self):
        self.honest.__enter__()
        self.liar.__enter__()
        self.agent.start()
        wait_until(lambda: self.agent.master(NAME)["votes"] == 3, 5, "all three are heard")
        self.client.start()
        wait_until(lambda: self.client.sightings, 5, "a first answer")
        return self

    def __exit__(self, *failure):
        self.client.stop()
        self.liar.__exit__(*failure)
        self.honest.__exit__(*failure)

    def promotion(self):
        """The events of a promotion that begins, and of its end."""
        old = " ".join(map(str, self.servers[self.master]))
        host, port = next(node for server, node in self.servers.items() if server != self.master)
        return (("+failover-state-send-slaveof-noone", f"slave {host}:{port} {host} {port} @ {NAME} {old}"),
                ("-failover-abort-not-elected", f"master {NAME} {old}"))

    def move(self):
        """A real failover; how long the agent took to follow."""
        self.master = "R2" if self.master == "R1" else "R1"
        begun = time.monotonic()
        self.honest.move(self.master)
        self.liar.move(self.master)
        return wait_until(lambda: self.client.first(self.master, begun), 5, "it is followed").seen - begun

    def closed(self, since, until):
        """For how long nothing was named, in the worst minute between the two moments."""
        ends = [later.seen for later in self.client.sightings[1:]] + [until]
        gaps = [(max(since, sighting.seen), min(until, end))
                for sighting, end in zip(self.client.sightings, ends) if sighting.value is None]
        return max((sum(max(0.0, min(end, begin + 60) - max(start, begin)) for start, end in gaps)
                    for begin, _ in gaps), default=0.0)

    def processor_time(self):
        words = open(f"/proc/{self.agent.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / TICKS

    def lines(self):
        return len(self.agent.log_text().splitlines())


@pytest.fixture
def town():
    with Lab() as lab, Town(lab) as town:
        yield town


def lasting(seconds):
    """Yields some twenty times a second until they are over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(0.05)


def flags(town):
    town.liar.promoting = True
    for _ in lasting(SECONDS):
        pass


def flags_that_come_and_go(town):
    for _ in lasting(SECONDS):
        town.liar.promoting = int(time.monotonic() / 0.7) % 2 == 0


def events_now_and_then(town):
    begins, ends = town.promotion()
    told = 0.0
    for _ in lasting(SECONDS):
        if time.monotonic() - told > 1.2:
            told = time.monotonic()
            town.liar.say(begins)


def events_and_aborts(town):
    begins, ends = town.promotion()
    for number, _ in enumerate(lasting(SECONDS)):
        town.liar.say(begins if number % 20 < 15 else ends)


@pytest.mark.deadline(60 + 3 * SECONDS)
@pytest.mark.parametrize("lie", [flags, flags_that_come_and_go, events_now_and_then, events_and_aborts])
def test_a_sentinel_that_claims_promotions_closes_little(town, lie, capsys):
    begun, lines = time.monotonic(), town.lines()
    lie(town)
    closed = town.closed(begun, time.monotonic())
    with capsys.disabled():
        print(f"\n{lie.__name__}: closed {closed:.2f} s of {SECONDS:.0f}, {town.lines() - lines} lines")
    assert 0 < closed <= CLOSED_AT_MOST, "the first claim is believed, and not for long"
    assert town.lines() - lines <= LINES_AT_MOST * max(1, SECONDS / 8)
    assert "its word alone closes nothing" in " ".join(town.agent.master(NAME)["warnings"])


@pytest.mark.deadline(90 + 3 * SECONDS)
def test_a_flood_of_events_costs_little_and_hides_no_failover(town, capsys):
    begun, lines, before = time.monotonic(), town.lines(), town.processor_time()
    town.liar.flood(*town.promotion())
    follows = []
    while time.monotonic() - begun < SECONDS or len(follows) < 5:
        time.sleep(max(1.0, SECONDS / 6))
        follows.append(town.move())
        town.liar.flood(*town.promotion())
    until = time.monotonic()
    closed, used = town.closed(begun, until), (town.processor_time() - before) / (until - begun)
    with capsys.disabled():
        print(f"\n{town.liar.published} events in {until - begun:.1f} s: closed {closed:.2f} s, "
              f"{town.lines() - lines} lines, {100 * used:.1f} % of a core, {len(follows)} failovers followed in "
              f"{1000 * statistics.median(follows):.1f} ms, at most {1000 * max(follows):.1f} ms")
    assert closed <= CLOSED_AT_MOST
    # A failover has lines of its own.
    assert town.lines() - lines <= LINES_AT_MOST * max(1, SECONDS / 8) + 5 * len(follows)
    assert used < 0.5, "the flood is not listened to"
    assert town.agent.metric("sentinel_spoa_sentinel_floods_total") > 0
    wait_until(lambda: any("floods" in sentinel.get("flood", "") for sentinel in sentinels_of(town)), 20,
               "status says so")


def sentinels_of(town):
    return json.loads(town.agent.get("/v1/masters")[1])["sentinels"]
