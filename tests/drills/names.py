"""What clients get while the name server of the agent and of HAProxy is at fault: `python3 -m drills.names`.

In each row a master hands over and a replica is replaced, under 200 writes a second on new connections, while the
fault lasts. Redis and Sentinels ask a name server that is well. Prints the table of docs/kubernetes.md.
"""

import argparse
import contextlib
import dataclasses
import time

from lab.pods import ZONE, Stranger
from lab.waiting import wait_until

from .pods import Scene

WITHOUT_ANY = "starts without any name; one a second appears"


@dataclasses.dataclass
class Outcome:
    """What became of the writes of a row."""

    refused: int
    pause: float  # the longest without any, in seconds
    wrong: int  # that got to another node than the master
    followed: float  # seconds from the end of the fault until nothing is wrong
    errors: set


def lied(node):
    return node.name.replace("-", "_")


class Row:
    """A scene, and the faults that it can have: contexts."""

    def __init__(self, scene, dead):
        self.scene, self.dead = scene, dead
        self.names = scene.lab.agents_names
        self.stranger = scene.lab.add(Stranger(scene.lab))

    def master(self):
        return self.scene.pods.master()

    @contextlib.contextmanager
    def answers(self, delay=0, **lies):
        self.names.set(delay, **lies)
        yield
        self.names.set()

    def lies(self, node, master=None):
        """The name of the node leads to another machine, which is a replica where `master` is given."""
        self.stranger.start_as(node.port, master)
        return self.answers(**{lied(node): self.stranger.host})

    @contextlib.contextmanager
    def hangs(self):
        self.names.freeze()
        yield
        self.names.thaw()

    @contextlib.contextmanager
    def is_dead(self):
        self.names.kill()
        yield
        time.sleep(self.dead)
        self.names.start()

    def next_master(self):
        """The replica that a failover will choose."""
        chosen, other = (node for node in self.scene.pods.nodes if node is not self.master())
        other.set_priority(0)
        time.sleep(1.5)  # until all Sentinels have asked it
        return chosen


FAULTS = {
    "well": lambda row: row.answers(),
    "answers after 500 ms": lambda row: row.answers(500),
    "hangs": lambda row: row.hangs(),
    "dead": lambda row: row.is_dead(),
    "says that the master's name does not exist": lambda row: row.answers(**{lied(row.master()): "-"}),
    "the master's name leads to a replica": lambda row: row.lies(row.master(), row.master()),
    "the master's name leads to a foreign Redis": lambda row: row.lies(row.master()),
    "the next master's name leads to a foreign Redis": lambda row: row.lies(row.next_master()),
    WITHOUT_ANY: lambda row: contextlib.nullcontext(),
}


def start_without_names(row):
    scene = row.scene
    hidden = {lied(node): "-" for node in scene.pods.nodes} | {"sentinels": "-"}
    row.names.set(**hidden)
    scene.haproxy.start()
    scene.agent.start(ready=False)
    scene.let_writers_come(("new",))
    for name in list(hidden):
        time.sleep(1)
        del hidden[name]
        row.names.set(**hidden)
    scene.await_health(within=30)


def observe(title, seconds, dead):
    with Scene(sentinels=lambda pods: [{"address": f"sentinels.{ZONE}:{pods.sentinels[0].port}", "expect": 3}],
               apart=True) as scene:
        row = Row(scene, dead)
        if title == WITHOUT_ANY:
            scene.pods.start()
            begun = time.monotonic()
            start_without_names(row)
        else:
            scene.start()
            scene.let_writers_come(("new",))
            time.sleep(1)
            begun = time.monotonic()
        with FAULTS[title](row):
            time.sleep(3)  # more than lookup_interval: lies are believed
            old = row.master()
            wait_until(scene.pods.fail_over, 10, "a failover begins", every=0.05)
            master = wait_until(lambda: (new := row.master()) is not old and new, 30, "another master")
            replica = next(node for node in scene.pods.nodes if node not in (old, master))
            replica.kill()
            replica.start(master)
            time.sleep(seconds)
        over = time.monotonic()
        scene.pods.await_health(60)
        scene.await_health(60)
        ended = time.monotonic()
        time.sleep(1)
        writes = [write for write in scene.end_writers() if begun <= write.begun <= ended]
        astray = row.stranger.writes() if row.stranger.alive else 0
    return outcome_of(writes, begun, ended, astray, ended - over)


def outcome_of(writes, begun, ended, astray, followed):
    good = sorted(write.ended for write in writes if not write.error)
    moments = [begun, *good, ended]
    errors = {write.error for write in writes if write.error}
    astray += sum("READONLY" in (write.error or "") for write in writes)
    return Outcome(sum(bool(write.error) for write in writes),
                   max(later - earlier for earlier, later in zip(moments, moments[1:])),
                   astray, followed, errors)


def main():
    parser = argparse.ArgumentParser(prog="python3 -m drills.names", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="that a fault lasts after the replacement")
    parser.add_argument("--dead", type=float, default=5, help="more seconds of a dead name server")
    parser.add_argument("--only", help="rows that have these words")
    options = parser.parse_args()
    print("| the name server | refused | longest pause | wrong node | well again after |\n|---|---|---|---|---|")
    for title in FAULTS:
        if options.only and options.only not in title:
            continue
        told = observe(title, options.seconds, options.dead)
        print(f"| {title} | {told.refused} | {told.pause:.2f} s | {told.wrong} | {told.followed:.1f} s |", flush=True)
        for error in sorted(told.errors):
            print(f"<!-- {error} -->")
        assert not told.wrong, title


if __name__ == "__main__":
    main()
