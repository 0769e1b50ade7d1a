"""HAProxy with a configuration of any router."""

from lab.haproxy import BINARY, HAProxy
from lab.process import Process


class Proxy(HAProxy):
    """HAProxy with a given configuration, that has its runtime API at `control` and its clients at
    `port`; its master CLI is beside `control`."""

    def __init__(self, lab, configuration, control, port):
        Process.__init__(self, "haproxy", lab.subfolder("haproxy"))
        self._binary = BINARY
        self._control = control
        self._master_control = control.with_name("master.sock")
        self.ports = {"redis": port}
        self.file = self.folder / "haproxy.cfg"
        self.file.write_text(configuration)

    def servers(self):
        """server → (current sessions, status), for the Redis servers."""
        return {row["svname"]: (int(row["scur"]), row["status"]) for row in self.statistics()
                if row["pxname"].startswith("redis_") and row["svname"] not in ("FRONTEND", "BACKEND")}
