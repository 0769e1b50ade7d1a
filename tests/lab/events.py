"""A reader of /v1/events, as a program or `curl -N` would be."""

import http.client
import json
import socket
import threading
import time

from .waiting import wait_until


class EventReader(threading.Thread):
    """A context that reads the agent's events while it is open; `lines` has (moment by
    time.monotonic, object) of each, in order."""

    def __init__(self, agent, query=""):
        super().__init__(daemon=True)
        self._connection = http.client.HTTPConnection(agent.host, agent.http_port, timeout=5)
        self._path = "/v1/events" + query
        self.response = None
        self.lines = []

    def __enter__(self):
        self._connection.request("GET", self._path)
        self._socket = self._connection.sock  # which getresponse() takes away
        self.response = self._connection.getresponse()
        self.start()
        return self

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RDWR)
        self.join()
        self._connection.close()

    def run(self):
        try:
            while line := self.response.readline():
                self.lines.append((time.monotonic(), json.loads(line)))
        except (OSError, http.client.HTTPException, ValueError):
            pass  # the end, ours or the agent's

    def of(self, kind):
        """The objects of one kind of event."""
        return [event for _, event in self.lines if event["event"] == kind]

    def failover(self, within=20):
        """The next failover that has moved the master, awaited to its end."""
        return self.first(
            within, "the failover is over",
            lambda event: event["event"] == "failover" and event["to"] and event["ended"])[1]

    def first(self, within, what, matches):
        """(moment, object) of the first event that matches, awaited."""
        return wait_until(
            lambda: next(((at, event) for at, event in list(self.lines) if matches(event)), None),
            within, what)
