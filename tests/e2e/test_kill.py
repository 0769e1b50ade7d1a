"""kill -9 of the first of two agents behind HAProxy, under load, and its return."""

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

KILLS = int(os.environ.get("SENTINEL_SPOA_KILLS", "3"))


class Knocker(threading.Thread):
    """Connects through HAProxy again and again; keeps when it did not lead to the master."""

    def __init__(self, port, master, over):
        super().__init__(daemon=True)
        self._port, self._master, self._over = port, master, over
        self.knocks, self.failed = 0, []

    def run(self):
        while not self._over.is_set():
            try:
                reached = knock(self._port).port
            except (OSError, TimeoutError):
                reached = None
            self.knocks += 1
            if reached != self._master:
                self.failed.append(time.monotonic())


@pytest.mark.deadline(60 + 10 * KILLS)
def test_a_killed_agent_costs_two_connections_at_most():
    with Lab() as lab:
        deployment = start_deployment(lab)
        pair = Pair(lab, deployment, BINARY, backups=1).start()
        pair.await_check("UP", "a2")
        over = threading.Event()
        knockers = [Knocker(pair.haproxy.port, pair.master, over) for _ in range(4)]
        for knocker in knockers:
            knocker.start()
        begun, costs = time.monotonic(), []
        for _ in range(KILLS):
            time.sleep(0.5)  # of load on the first agent
            before = sum(len(knocker.failed) for knocker in knockers)
            pair.agent.kill()
            pair.await_check("DOWN")
            pair.agent.start()  # as a supervisor does
            pair.await_check("UP")
            costs.append(sum(len(knocker.failed) for knocker in knockers) - before)
        took = time.monotonic() - begun
        over.set()
        for knocker in knockers:
            knocker.join(10)
        knocks = sum(knocker.knocks for knocker in knockers)
        print(f"failed for each kill: {costs}; {knocks / took:.0f} connections/s")
        assert statistics.median(costs) <= 2, costs
