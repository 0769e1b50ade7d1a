"""What the Sentinels publish, as it happens."""

import dataclasses
import threading
import time

from lab import resp


@dataclasses.dataclass(frozen=True)
class Event:
    seen: float  # CLOCK_MONOTONIC
    sentinel: object  # the SentinelNode that published it
    channel: str
    text: str


class Events:
    """A context that listens to all Sentinels of a deployment while it is open."""

    def __init__(self, deployment):
        self._changed = threading.Condition()
        self._events = []
        self._connections = []
        for sentinel in deployment.sentinels:
            connection = resp.Connection(sentinel.port, host=sentinel.host, timeout=None)
            connection.call("PSUBSCRIBE", "*")
            self._connections.append(connection)
            threading.Thread(target=self._listen, args=(sentinel, connection), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for connection in self._connections:
            connection.shut_down()

    def _listen(self, sentinel, connection):
        try:
            while True:
                _, _, channel, text = connection.reply()
                with self._changed:
                    self._events.append(Event(time.monotonic(), sentinel, channel, text))
                    self._changed.notify_all()
        except OSError:
            connection.close()

    def wait_for(self, channel, since, within=20):
        """The first event of `channel` seen after `since`; raises TimeoutError when there is none."""
        def found():
            return next((event for event in self._events
                         if event.channel == channel and event.seen >= since), None)

        with self._changed:
            if not self._changed.wait_for(found, within):
                raise TimeoutError(f"no {channel} within {within} s")
            return found()
