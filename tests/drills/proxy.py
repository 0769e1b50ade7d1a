"""HAProxy as systemd runs it: a master process and its workers, reloaded by SIGUSR2."""

import re
import signal

from lab.haproxy import BINARY, HAProxy
from lab.process import Process
from lab.waiting import wait_until


class Proxy(HAProxy):
    """HAProxy with a given configuration, that has its runtime API at `control` and its clients at
    `port`."""

    def __init__(self, lab, configuration, control, port):
        Process.__init__(self, "haproxy", lab.subfolder("haproxy"))
        self._control = control
        self.ports = {"redis": port}
        self.file = self.folder / "haproxy.cfg"
        self.file.write_text(configuration)

    def start(self):
        self.launch(BINARY, "-W", "-db", "-f", self.file)
        wait_until(self._worker, 5, "HAProxy answers on its socket")

    def reload(self):
        """Starts a new worker, which knows nothing of the states of before; the old one serves its
        sessions to their end. Returns when the new one answers."""
        before = self._worker()
        self.signal(signal.SIGUSR2)
        wait_until(lambda: self._worker() not in (None, before), 5, "a new worker answers")

    def _worker(self):
        """The pid of the worker that answers; None without one."""
        self.must_be_alive()
        try:
            return int(re.search(r"^Pid: (\d+)$", self.ask("show info"), re.M)[1])
        except (OSError, TypeError):
            return None

    def servers(self):
        """server → (current sessions, status), for the Redis servers."""
        return {row["svname"]: (int(row["scur"]), row["status"]) for row in self.statistics()
                if row["pxname"].startswith("redis_") and row["svname"] not in ("FRONTEND", "BACKEND")}
