"""HAProxy with a configuration of any router."""

import dataclasses
import datetime
import re
import time

from lab.haproxy import BINARY, HAProxy
from lab.process import Process

# A session in the log-format that haproxy-config writes.
SESSION = re.compile(
    r"\[(\S+)\] redis_\S+ \S+ [-\d]+/[-\d]+/\+?(\d+) \+?\d+ ([A-Za-z-]{2}) .* state=(\S+) ")


@dataclasses.dataclass(frozen=True)
class Session:
    """One that has ended, as HAProxy's log tells it."""

    ended: float  # CLOCK_MONOTONIC
    end: str  # the termination state
    state: str  # sess.sentinel.state


class Proxy(HAProxy):
    """HAProxy with a given configuration, that has its runtime API at `control` and its clients at
    `port`; its master CLI is beside `control`."""

    def __init__(self, lab, name, configuration, control, port):
        Process.__init__(self, name, lab.subfolder(name), lab.site(name).enter)
        self._binary = BINARY
        self._control = control
        self._master_control = control.with_name("master.sock")
        self.ports = {"redis": port}
        self.file = self.folder / "haproxy.cfg"
        self.file.write_text(configuration)

    def ended_sessions(self, since=0):
        """Those logged after this byte of the log."""
        with open(self.log, "rb") as log:
            log.seek(since)
            found = SESSION.findall(log.read().decode())
        since_boot = time.time() - time.monotonic()

        def ended(accepted, milliseconds):
            moment = datetime.datetime.strptime(accepted, "%d/%b/%Y:%H:%M:%S.%f")
            return moment.timestamp() - since_boot + int(milliseconds) / 1000

        return [Session(ended(accepted, lasted), end, state) for accepted, lasted, end, state in found]

    def servers(self):
        """server → (current sessions, status), for the Redis servers."""
        return {row["svname"]: (int(row["scur"]), row["status"]) for row in self.statistics()
                if row["pxname"].startswith("redis_") and row["svname"] not in ("FRONTEND", "BACKEND")}
