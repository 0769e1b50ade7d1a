"""Who says what since when: the Sentinels without the agent, and the agent's verdicts, by one clock.

All times are CLOCK_MONOTONIC (time.monotonic). Each source is asked once a millisecond by its own
thread, so a change is known to lie between two moments: `not_before`, when the last question was asked
that got another answer, and `seen`, when the first answer of the new kind arrived.
"""

import dataclasses
import threading
import time

from . import resp, spop_client
from .waiting import wait_until

PERIOD = 0.001


@dataclasses.dataclass(frozen=True)
class Sighting:
    value: object
    not_before: float
    seen: float


class Poller(threading.Thread):
    """Repeats one question and keeps every change of the answer. While nobody answers, the value is
    None and a new connection is tried every 20 ms."""

    def __init__(self, connect, ask):
        super().__init__(daemon=True)
        self._connect = connect
        self._ask = ask
        self._stopped = threading.Event()
        self.sightings = []

    def run(self):
        connection, asked = None, time.monotonic()
        while not self._stopped.is_set():
            last_asked, asked = asked, time.monotonic()
            try:
                connection = connection or self._connect()
                value = self._ask(connection)
            except (OSError, resp.ErrorReply, spop_client.Disconnected):
                if connection:
                    connection.close()
                connection, value = None, None
            if not self.sightings or self.sightings[-1].value != value:
                self.sightings.append(Sighting(value, last_asked, time.monotonic()))
            self._stopped.wait(PERIOD if connection else 0.02)
        if connection:
            connection.close()

    def stop(self):
        self._stopped.set()
        self.join()

    def first(self, value, since):
        """The first time it answered `value`, seen after `since`; None when it did not yet."""
        return next((sighting for sighting in self.sightings
                     if sighting.value == value and sighting.seen >= since), None)


class Observer:
    """A context that watches one monitored name while it is open."""

    def __init__(self, deployment, agent=None, name=None):
        self._group = deployment.groups[name] if name else deployment.group
        self._majority = deployment.majority
        question = ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._group.name)

        def port_named(connection):
            answer = connection.call(*question)
            return int(answer[1]) if answer else None

        self._sentinels = [
            Poller(lambda s=sentinel: resp.Connection(s.port, s.password, 0.5, s.host), port_named)
            for sentinel in deployment.sentinels]
        self._verdict = agent and Poller(
            # While the name is in doubt the agent holds its answer, for policy.wait at most.
            lambda: spop_client.connect(agent.spop_address, timeout=10),
            lambda client: client.ask(self._group.name)["server"])

    def __enter__(self):
        for poller in self._pollers:
            poller.start()
        wait_until(lambda: all(poller.sightings for poller in self._pollers), 5, "first answers")
        return self

    def __exit__(self, *_):
        for poller in self._pollers:
            poller.stop()

    @property
    def _pollers(self):
        return [*self._sentinels, *([self._verdict] if self._verdict else [])]

    def majority(self, node, since):
        """When a majority of the Sentinels first named `node` after `since`; None if it did not."""
        sightings = [poller.first(node.port, since) for poller in self._sentinels]
        sightings = [sighting for sighting in sightings if sighting]
        if len(sightings) < self._majority:
            return None
        return Sighting(
            node,
            sorted(sighting.not_before for sighting in sightings)[self._majority - 1],
            sorted(sighting.seen for sighting in sightings)[self._majority - 1])

    def new_majority(self, old, since):
        """When a majority first named another node of the group than `old`; None if it did not."""
        found = [self.majority(node, since) for node in self._group.nodes if node is not old]
        return min(filter(None, found), key=lambda sighting: sighting.seen, default=None)

    def verdict(self, node, since):
        """When the agent first sent a connection to `node` after `since`; None if it did not."""
        return self._verdict.first(self._group.server_of(node), since)

    def verdicts(self):
        """Every server, or None, that the agent's verdicts named, in order."""
        return [sighting.value for sighting in self._verdict.sightings]
