"""How long the agent takes for an answer, all the time."""

import threading
import time

from lab import spop_client

PERIOD = 0.002
NOBODY = "nobody"  # a name that is not configured: its answer never waits for a verdict


class VerdictProbe(threading.Thread):
    """A context that asks `agent` over SPOP, as HAProxy does, while it is open."""

    def __init__(self, agent):
        super().__init__(daemon=True)
        self._client = spop_client.connect(agent.spop_address)
        self._stopped = threading.Event()
        self.asked = []  # (when, seconds until the answer)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._stopped.set()
        self.join()
        self._client.close()

    def run(self):
        while not self._stopped.wait(PERIOD):
            begun = time.monotonic()
            self._client.ask(NOBODY)
            self.asked.append((begun, time.monotonic() - begun))

    def p99_ms(self, since, until):
        taken = sorted(seconds for begun, seconds in self.asked if since <= begun < until)
        return round(1000 * taken[len(taken) * 99 // 100], 3)
