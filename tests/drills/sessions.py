"""HAProxy's own count of the sessions on each Redis server, all the time."""

import dataclasses
import threading
import time

PERIOD = 0.02


@dataclasses.dataclass(frozen=True)
class Sample:
    at: float  # CLOCK_MONOTONIC
    servers: dict  # server → (current sessions, status)


@dataclasses.dataclass
class Fence:
    """A time for which a server was in maintenance. `gone` is when its sessions were first 0 and stayed
    so, None if some outlived it."""

    server: str
    began: float
    gone: float | None = None

    def note(self, at, sessions):
        if sessions:
            self.gone = None
        elif self.gone is None:
            self.gone = at

    @property
    def took(self):
        """Seconds until the last session had ended; None if some outlived it."""
        return None if self.gone is None else round(self.gone - self.began, 3)


class SessionWatch(threading.Thread):
    """A context that asks the runtime API of `haproxy` while it is open. After a reload it is the new
    worker that answers, for its own sessions alone."""

    def __init__(self, haproxy):
        super().__init__(daemon=True)
        self._haproxy = haproxy
        self._stopped = threading.Event()
        self.samples = []

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._stopped.set()
        self.join()

    def run(self):
        while not self._stopped.wait(PERIOD):
            try:
                servers = self._haproxy.servers()
            except (OSError, KeyError, ValueError):
                continue  # between two workers
            self.samples.append(Sample(time.monotonic(), servers))

    def fences(self, since):
        """Every time that a server was put in maintenance after `since`, in that order."""
        fences, standing = [], {}
        for sample in self.samples:
            for server, (sessions, status) in sample.servers.items():
                if not status.startswith("MAINT"):
                    standing.pop(server, None)
                    continue
                if server not in standing:
                    standing[server] = Fence(server, sample.at)
                    fences.append(standing[server])
                standing[server].note(sample.at, sessions)
        return [fence for fence in fences if fence.began >= since]

    def gone(self, server, since):
        """When its sessions were first 0 for good; None if some are left."""
        gone = None
        for sample in self.samples:
            if sample.at < since:
                continue
            if sample.servers.get(server, (0, ""))[0]:
                gone = None
            elif gone is None:
                gone = sample.at
        return gone

    def curve(self, server, since):
        """[(seconds after `since`, sessions)], a point for each change."""
        points = []
        for sample in self.samples:
            sessions = sample.servers.get(server, (0, ""))[0]
            if sample.at >= since and (not points or points[-1][1] != sessions):
                points.append((round(sample.at - since, 3), sessions))
        return points
