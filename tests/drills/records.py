"""What became of every write: the lines that the writers leave."""

import collections
import dataclasses

KINDS = ("new", "pooled", "sticky")


@dataclasses.dataclass(frozen=True)
class Record:
    """One write by CLOCK_MONOTONIC. `port` is that of the Redis that answered, None without an answer;
    `error` is None for an acknowledged write."""

    label: str  # of the writer
    connection: int  # which of those that it keeps
    key: str
    begun: float
    ended: float
    port: int | None
    error: str | None


def parse(line):
    label, connection, key, begun, ended, port, error = line.rstrip("\n").split("\t")
    return Record(
        label, int(connection), key, float(begun), float(ended), int(port) if port else None, error or None)


class Records:
    """All lines of files that still grow."""

    def __init__(self, *paths, labels=KINDS):
        self._read = dict.fromkeys(paths, 0)  # bytes
        self.all = []
        self._clients = {(label, 0) for label in labels}  # each has one at least
        self._last_acknowledged = collections.defaultdict(float)  # (client, port) → when

    def refresh(self):
        """Takes over what was written since; returns self."""
        for path, read in self._read.items():
            if path.exists():
                with open(path, "rb") as file:
                    file.seek(read)
                    new = file.read()
                whole = new[:new.rfind(b"\n") + 1]
                self._read[path] = read + len(whole)
                for line in whole.decode().splitlines():
                    self._add(parse(line))
        return self

    def _add(self, record):
        self.all.append(record)
        client = record.label, record.connection
        self._clients.add(client)
        if not record.error:
            self._last_acknowledged[client, record.port] = max(
                self._last_acknowledged[client, record.port], record.ended)

    def of(self, label):
        return [record for record in self.all if record.label == label]

    def silent_since(self, moment, port):
        """The clients (label, connection) without a write acknowledged by the node at `port` after
        `moment`."""
        return sorted(client for client in self._clients
                      if self._last_acknowledged[client, port] < moment)
