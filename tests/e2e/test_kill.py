"""kill -9 of the one of two agents behind HAProxy that answers, under load, and its return."""

import os
import statistics
import threading
import time

import pytest
from knocking import knock
from test_haproxy_versions import Pair

from lab.deployment import start_deployment
from lab.haproxy import BINARY
from lab.lab import Lab
from lab.waiting import wait_until

KILLS = int(os.environ.get("SENTINEL_SPOA_KILLS", "3"))
CLIENTS = 4
# Connections a second, of all clients. Those that are under way are the cost, and on a busy machine
# that is all of them at the full rate.
RATE = 1000 if "SENTINEL_SPOA_KILLS" in os.environ else 500


class Knocker(threading.Thread):
    """Connects through HAProxy so often a second; keeps when it did not lead to the master."""

    def __init__(self, port, master, over):
        super().__init__(daemon=True)
        self._port, self._master, self._over = port, master, over
        self.knocks, self.failed = 0, []

    def run(self):
        due = time.monotonic()
        while not self._over.wait(max(0, due - time.monotonic())):
            due = max(due + CLIENTS / RATE, time.monotonic() - 1)
            try:
                reached = knock(self._port).port
            except (OSError, TimeoutError):
                reached = None
            self.knocks += 1
            if reached != self._master:
                self.failed.append(time.monotonic())


class Agents:
    """The two of them, and which is asked: HAProxy stays with the second one when the first is back."""

    def __init__(self, pair):
        self._pair = pair

    def answers(self):
        return [self._pair.frames("notify", agent) for agent in self._pair.agents]

    def busy(self):
        """The number, as in HAProxy's `a1`, of the one that gets the questions now."""
        before = self.answers()

        def found():
            more = [now - then for now, then in zip(self.answers(), before)]
            return sum(more) > 100 and 1 + more.index(max(more))

        return wait_until(found, 10, "questions")


@pytest.mark.deadline(60 + 10 * KILLS)
def test_a_killed_agent_costs_two_connections_at_most():
    with Lab() as lab:
        deployment = start_deployment(lab)
        pair = Pair(lab, deployment, BINARY, others=1).start()
        pair.await_check("UP", "a2")
        over = threading.Event()
        knockers = [Knocker(pair.haproxy.port, pair.master, over) for _ in range(CLIENTS)]
        for knocker in knockers:
            knocker.start()
        agents, begun, killed, costs = Agents(pair), time.monotonic(), [], []
        for _ in range(KILLS):
            number = agents.busy()
            before = sum(len(knocker.failed) for knocker in knockers)
            pair.agents[number - 1].kill()
            pair.await_check("DOWN", f"a{number}")
            pair.agents[number - 1].start()  # as a supervisor does
            pair.await_check("UP", f"a{number}")
            costs.append(sum(len(knocker.failed) for knocker in knockers) - before)
            killed.append(number)
        took = time.monotonic() - begun
        over.set()
        for knocker in knockers:
            knocker.join(10)
        knocks = sum(knocker.knocks for knocker in knockers)
        print(f"killed: {killed}; failed for each kill: {costs}; {knocks / took:.0f} connections/s")
        assert statistics.median(costs) <= 2, costs
