"""HAProxy with the configuration that the agent's own generator wrote.

Only what belongs to the machine is changed: where the frontends listen, and the lines of `global` that
need root or folders outside the lab. The routing is tried as users get it.
"""

import csv
import os
import re
import shutil
import signal
import socket

from . import agent as agent_module
from .nodes import HOST
from .process import Process
from .spelling import identifier
from .waiting import wait_until

# SENTINEL_SPOA_HAPROXY names another one. Debian keeps its own where only root's PATH looks.
BINARY = (os.environ.get("SENTINEL_SPOA_HAPROXY")
          or shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin") or "haproxy")

FORMS = ("use-server", "backends", "set-dst")  # in which HAProxy asks, and has no other source
LUA_FORMS = ("lua", "lua-fallback")

# Lines of `global` and `defaults` that concern the machine, not the routing.
OF_THE_MACHINE = re.compile(
    r"^\s+(user|group|chroot|log|maxconn|stats\s+socket)\s.*\n", re.M)


class HAProxy(Process):
    """One HAProxy, in the foreground, started by start_haproxy()."""

    def __init__(self, lab, agent, form, binary=BINARY, control=None, level="admin", edit=None,
                 master=None, enter=()):
        super().__init__(f"haproxy-{form}", lab.subfolder(f"haproxy-{form}"), enter)
        self._lab = lab
        self._binary = binary
        self.form = form
        self.file = self.folder / "haproxy.cfg"
        self._control = self.folder / "own.sock"
        self._master_control = master or self.folder / "master.sock"
        self._also = f"    stats socket {control} mode 600 level {level}\n" if control else ""
        written = agent_module.run("haproxy-config", "-f", agent.file, "--form", form, "-o", self.folder)
        assert written.returncode == 0, written.stderr
        self.ports = {master["name"]: lab.ports.take() for master in agent.config["masters"]}
        self.read_ports = {master["name"]: lab.ports.take() for master in agent.config["masters"]
                           if "replicas" in master}
        text = self._adapted(self.file.read_text())
        self.file.write_text(edit(text) if edit else text)

    @property
    def port(self):
        """Where the only frontend listens."""
        (port,) = self.ports.values()
        return port

    def _adapted(self, text):
        text = OF_THE_MACHINE.sub("", text).replace(
            "\nglobal\n", f"\nglobal\n    maxconn 2000\n"
            f"    stats socket {self._control} mode 600 level admin\n{self._also}", 1)
        text = _bound(text, "stats", self._lab.ports.take())
        for name, port in self.ports.items():
            text = _bound(text, f"redis_{identifier(name)}", port)
        for name, port in self.read_ports.items():
            text = _bound(text, f"redis_{identifier(name)}_read", port)
        return text

    def start(self):
        """A master process that starts workers, as under systemd."""
        self.launch(self._binary, "-db", "-W", "-S", self._master_control, "-f", self.file)

        def ready():
            self.must_be_alive()
            try:
                return self.ask("show info")
            except OSError:
                return False

        wait_until(ready, 5, "HAProxy answers on its socket")

    def reload(self):
        """Puts a new worker in the place of the old one, which ends with its last session."""
        done, _ = wait_until(self._reloads, 5, "the master answers")
        self.signal(signal.SIGUSR2)

        def reloaded():
            self.must_be_alive()
            count, worker = self._reloads() or (done, None)
            return count > done and f"\nPid: {worker}\n" in self.ask("show info")

        wait_until(reloaded, 5, "another worker answers")

    def _reloads(self):
        """(reloads since the start, pid of the worker of the last one), as the master says. None while
        it starts itself anew."""
        try:
            rows = [line.split() for line in _ask(self._master_control, "show proc").splitlines()]
        except OSError:
            return None
        (count,) = (int(row[2]) for row in rows if row[1:2] == ["master"])
        worker = next((row[0] for row in rows if row[1:3] == ["worker", "0"]), None)
        return count, worker

    def ask(self, command):
        """One command of the runtime API."""
        return _ask(self._control, command)

    def statistics(self):
        """The rows of `show stat` as dicts."""
        return list(csv.DictReader(self.ask("show stat").removeprefix("# ").splitlines()))

    def states(self, backend):
        """server → srv_admin_state of one backend; 1 is maintenance by the runtime API."""
        rows = [line.split() for line in self.ask(f"show servers state {backend}").splitlines()]
        return {row[3]: int(row[6]) for row in rows if len(row) > 6 and row[0].isdigit()}

    def current(self, server):
        """Sessions on the servers of this name now."""
        return sum(int(row["scur"]) for row in self.statistics()
                   if row["svname"] == server and row["pxname"].startswith("redis_"))

    def sessions(self):
        """(backend, server) → connections ever sent there, for the Redis servers only."""
        return {(row["pxname"], row["svname"]): int(row["stot"]) for row in self.statistics()
                if row["svname"] not in ("FRONTEND", "BACKEND") and row["pxname"].startswith("redis_")}


def _ask(path, command):
    """The answer to one command at this socket."""
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(2)
        control.connect(str(path))
        control.sendall(command.encode() + b"\n")
        control.shutdown(socket.SHUT_WR)  # the master waits for more otherwise
        answer = b""
        while chunk := control.recv(65536):
            answer += chunk
        return answer.decode()


def _bound(text, frontend, port):
    """The configuration with `frontend` listening on `port` of 127.0.0.1."""
    text, count = re.subn(
        rf"(^frontend {re.escape(frontend)}\n(?:[ \t#].*\n|\n)*?\s+bind )\S+", rf"\g<1>{HOST}:{port}",
        text, flags=re.M)
    assert count == 1, f"{count} frontends {frontend} in:\n{text}"
    return text


def start_haproxy(lab, agent, form="use-server", **options):
    """HAProxy in front of the nodes of this agent's configuration, started. `options`: another `binary`;
    a second stats socket at `control` with `level`; `edit`, a function on the text of haproxy.cfg; where the
    `master` CLI is."""
    haproxy = lab.add(HAProxy(lab, agent, form, **options))
    haproxy.start()
    return haproxy
