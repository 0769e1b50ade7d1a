"""What a drill has cost: figures from the writes, the Sentinels' answers and HAProxy's sessions."""

import datetime
import re
import time

from .writers import RATE

CHUNK = 1000


def missing(keys, node):
    """Those of `keys` that `node` does not have."""
    lost = []
    for start in range(0, len(keys), CHUNK):
        chunk = keys[start:start + CHUNK]
        lost += [key for key, value in zip(chunk, node.client.mget(chunk)) if value is None]
    return lost


def milliseconds(moment, since):
    return round(1000 * (moment - since), 1)


def longest_pause(records, since):
    """The longest time in seconds without an acknowledgement."""
    moments = [since, *sorted(
        record.ended for record in records if not record.error and record.ended >= since)]
    return round(max((b - a for a, b in zip(moments, moments[1:])), default=0.0), 3)


class Outcome:
    """The figures of one finished World, by writer and as a whole."""

    def __init__(self, world):
        self._world = world
        self._majority = world.majority()
        self._master = world.deployment.master_of()
        self._switched = bool(self._majority)

    def as_dict(self):
        """All figures, ready for JSON. What has no meaning in this run is None."""
        world, majority = self._world, self._majority
        until_majority = majority.seen - world.caused if majority else None
        return {
            "until_majority_s": until_majority and round(until_majority, 3),
            "unfenced": until_majority and round(until_majority * RATE),
            "verdict_ms": self._verdict(),
            "writers": {label: self._writer(label) for label in world.labels},
            "sessions": self._sessions(),
            "notes": world.notes,
        }

    def _verdict(self):
        """Milliseconds from the majority to the first verdict of any agent, by its log; that has no
        fractions of them."""
        if not self._switched:
            return None
        verdicts = [verdict for router in self._world.routers.values() for agent in router.agents
                    if (verdict := self._verdict_of(agent)) is not None]
        return min(verdicts, default=None)

    def _verdict_of(self, agent):
        server = self._world.group.server_of(self._majority.value)
        opened = re.compile(rf"^(\S+)Z .* -> {server} \(.* traffic=open")
        for line in agent.log_text().splitlines():
            if found := opened.match(line):
                moment = datetime.datetime.fromisoformat(found[1] + "+00:00").timestamp()
                moment -= time.time() - time.monotonic()
                if moment >= self._world.caused:
                    return milliseconds(moment, self._majority.seen)
        return None

    def _writer(self, label):
        world, old = self._world, self._world.old
        records = world.records.of(label)
        acknowledged = [record for record in records if not record.error]
        keys = [record.key for record in acknowledged]
        figures = {
            "acknowledged": len(acknowledged),
            "lost": len(missing(keys, self._master)),
            "failed": len(records) - len(acknowledged),
            "failed_slowest_ms": max(
                (milliseconds(record.ended, record.begun) for record in records if record.error),
                default=None),
            "errors": _counted(record.error for record in records if record.error),
            "astray": sum(map(self._is_astray, records)),
            "longest_pause_s": longest_pause(records, world.caused),
            "stranded": sum(client == label for client, _ in world.stranded),
            "first_write_ms": None, "by_old_after": 0, "by_old_until_s": None,
            "old_until_s": None,
        }
        if self._switched:
            switched = self._majority.seen
            by_old = [record.ended for record in acknowledged
                      if record.port == old.port and record.ended > world.caused]
            late = [moment for moment in by_old if moment > switched]
            first = min((record.ended for record in acknowledged
                         if record.port == self._majority.value.port and record.ended >= world.caused),
                        default=None)
            figures |= {
                "first_write_ms": first and milliseconds(first, switched),
                "by_old_after": len(late),
                "by_old_until_s": round(max(late) - switched, 3) if late else None,
                "old_until_s": round(max(by_old) - world.caused, 3) if by_old else None,
            }
        return figures

    def _is_astray(self, record):
        """Whether it reached a node that was no master: a third one, or the new one too early."""
        if record.port is None:
            return False
        if record.error and record.error.startswith("-READONLY"):
            return True
        if record.port == self._world.old.port:
            return False  # by_old_after counts those that came too late
        return not self._switched or record.port != self._majority.value.port \
            or record.ended < self._majority.not_before

    def _sessions(self):
        world = self._world
        server = world.group.server_of(world.old)
        fences = world.sessions.fences(world.caused)
        first = next((fence for fence in fences if fence.server == server), None)
        gone = self._switched and world.sessions.gone(server, self._majority.seen)
        return {
            "fenced_s": first and round(first.began - world.caused, 3),
            "fences": [fence.took for fence in fences],
            "gone_after_majority_s": round(gone - self._majority.seen, 3) if gone else None,
            "left": world.sessions.samples[-1].servers.get(server, (0, ""))[0],
            "wrong_after_2s": world.wrong_after,
            "curve": world.sessions.curve(server, world.caused),
        }


def _counted(errors):
    counts = {}
    for error in errors:
        counts[error] = counts.get(error, 0) + 1
    return counts
