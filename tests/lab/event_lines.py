"""An agent's /v1/events without the agent: says what a test has it say, as fast as it is read."""

import datetime
import json
import socket
import threading

from .background import Background
from .nodes import HOST

HEAD = (b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n")


def master_line(name, servers, master, epoch=1, **changes):
    """A line that names `master`, one of `servers` (name → address)."""
    return {
        "event": "master", "time": _now(), "name": name, "state": "ok", "open": True, "server": master,
        "address": servers[master], "epoch": epoch, "votes": 3, "sentinels": 3, "reason": "", "since": _now(),
        "wait": False, "deliverable": True,
        "servers": {server: "ready" if server == master else "maint" for server in servers},
        "idle": [server for server in servers if server != master],
    } | changes


class EventLines(Background):
    """A context: whoever connects hears `first()` lines, a heartbeat, and then what say() is given."""

    def __init__(self, port, first):
        super().__init__(self._accept, self._beat)
        self._first = first
        self._listener = socket.create_server((HOST, port))
        self._follower = None
        self._changed = threading.Condition()

    def __exit__(self, *failure):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        super().__exit__(*failure)

    def say(self, *lines):
        """Tells whoever follows; returns when all is written."""
        with self._changed:
            self._changed.wait_for(lambda: self._follower is not None, timeout=10)
            self._follower.sendall(b"".join(map(_chunk, lines)))

    def _accept(self):
        while not self._stopped.is_set():
            try:
                follower, _ = self._listener.accept()
            except OSError:
                return
            follower.recv(4096)
            follower.sendall(HEAD + b"".join(map(_chunk, [*self._first(), _heartbeat()])))
            with self._changed:
                self._follower = follower
                self._changed.notify_all()

    def _beat(self):
        while not self._stopped.wait(1):
            with self._changed:
                if self._follower:
                    self._follower.sendall(_chunk(_heartbeat()))


def _now():
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _heartbeat():
    return {"event": "heartbeat", "time": _now()}


def _chunk(line):
    text = json.dumps(line).encode() + b"\n"
    return b"%x\r\n%s\r\n" % (len(text), text)
