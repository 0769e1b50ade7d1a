"""Pods that are replaced under load: `python3 -m drills.pods [--rounds N] [--seed N]`.

Each round ends one of three Redis pods, which comes back under its name at another address. Writers write through
HAProxy meanwhile. Told is what they lost, and how many connections failed, by round.
"""

import argparse
import dataclasses
import os
import pathlib
import random
import sys
import time

import redis

from lab.agent import Agent
from lab.haproxy import HAProxy
from lab.pods import NAME, PodLab, Pods, pods_of
from lab.process import Process
from lab.waiting import wait_until

from .records import KINDS, Records

TESTS = pathlib.Path(__file__).resolve().parents[1]
PATIENCE = 6.0  # seconds


@dataclasses.dataclass
class Round:
    """What became of one replacement; times are monotonic."""

    node: str
    was_master: bool
    killed: float
    majority: float | None = None  # of another master
    usable: float | None = None  # the node is linked again, and the agent has nothing to tell
    failed: dict = dataclasses.field(default_factory=dict)  # by kind
    master_port: int | None = None  # of the master after it

    def took(self, writes):
        """Seconds from the majority to the first new connection's write on the new master."""
        return min((write.ended - self.majority for write in writes if write.label == "new" and not write.error
                    and write.port == self.master_port and write.ended >= self.majority), default=None)


class Scene:
    """Pods, an agent and a HAProxy; a context. `sentinels` and `servers`: what the agent is told instead, functions
    of the pods."""

    def __init__(self, sentinels=None, servers=None, **options):
        self.lab = PodLab()
        self.pods = Pods(self.lab, **options)
        self.control = self.lab.subfolder("control") / "admin.sock"
        self.agent = self.lab.add(Agent(
            self.lab, sentinels={"addresses": sentinels(self.pods) if sentinels else [
                each.address for each in self.pods.sentinels]},
            masters=[pods_of(self.pods)[0] | {"redis": {}, "policy": {"wait": "8s"}}
                     | ({"servers": servers(self.pods)} if servers else {})],
            haproxy=[{"runtime_api": f"unix:{self.control}", "backends": {f"redis_{NAME}_nodes": NAME}}]))
        self.haproxy = self.lab.add(HAProxy(
            self.lab, self.agent, "use-server", control=self.control, enter=self.lab.enter))
        self._writers = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lab.close()

    def start(self):
        self.pods.start()
        self.agent.start()
        self.haproxy.start()
        self.await_health()

    def healthy(self):
        """The agent has nothing to tell."""
        return self.agent.status().returncode == 0

    def await_health(self, within=20):
        wait_until(self.healthy, within, lambda: self.agent.status().stdout, every=0.05)

    def let_writers_come(self):
        for kind in KINDS:
            folder = self.lab.subfolder(f"writer-{kind}")
            writer = self.lab.add(Process(f"writer-{kind}", folder))
            writer.launch(sys.executable, "-m", "drills.writers", kind, kind, self.haproxy.port, PATIENCE,
                          folder / "records", environment=os.environ | {"PYTHONPATH": str(TESTS)})
            self._writers.append((writer, folder / "records"))

    def end_writers(self):
        """All that they wrote."""
        for writer, _ in self._writers:
            writer.terminate(15)
        return Records(*(file for _, file in self._writers)).refresh().all

    def replace(self, node):
        round_ = Round(node.name, node is self.pods.master(), 0.0)
        round_.killed = time.monotonic()
        node.kill()
        if round_.was_master:
            wait_until(lambda: self.pods.master() not in (None, node), 60, "another master", every=0.005)
            round_.majority = time.monotonic()
            round_.master_port = self.pods.master().port
        node.start(self.pods.master())
        self.pods.await_health()
        self.await_health()
        round_.usable = time.monotonic()
        return round_

    def kept(self):
        """The keys that the master has."""
        client = redis.Redis(self.pods.master().host, self.pods.master().port, decode_responses=True)
        return set(client.scan_iter(count=10_000))


def run(scene, rounds, seed, between=0.5):
    """Replaces pods under load. Returns (rounds, writes, keys of acknowledged ones that are lost)."""
    dice = random.Random(seed)
    scene.let_writers_come()
    time.sleep(1)  # of writing
    told = []
    for number in range(rounds):
        told.append(scene.replace(dice.choice(scene.pods.nodes)))
        print(f"{number + 1}/{rounds}: {told[-1].node}, {'master' if told[-1].was_master else 'replica'}, "
              f"{told[-1].usable - told[-1].killed:.2f} s", flush=True)
        time.sleep(between)
    writes = scene.end_writers()
    kept = scene.kept()
    for write in writes:
        if write.error:
            last = next((each for each in reversed(told) if each.killed <= write.ended), None)
            if last:
                last.failed[write.label] = last.failed.get(write.label, 0) + 1
    lost = [write for write in writes if not write.error and write.key not in kept]
    return told, writes, lost


def lost_after_majority(rounds, lost):
    """Those that were sent when the Sentinels had agreed on the next master already."""
    moves = [(each.killed, each.majority) for each in rounds if each.was_master]
    return [write for write in lost if not any(
        write.begun <= majority and write.ended >= killed - 1 for killed, majority in moves)]


def main():
    parser = argparse.ArgumentParser(prog="python3 -m drills.pods", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with Scene() as scene:
        scene.start()
        pids = scene.agent.pid, scene.haproxy.pid
        rounds, writes, lost = run(scene, options.rounds, options.seed)
        assert (scene.agent.pid, scene.haproxy.pid) == pids
        ports = {node.port for node in scene.pods.nodes}
        astray = [write for write in writes if write.port and write.port not in ports]
        late = lost_after_majority(rounds, lost)
        moves = [each for each in rounds if each.was_master]
        failed = sorted(each.failed.get("new", 0) for each in moves)
        others = sum(each.failed.get("new", 0) for each in rounds if not each.was_master)
        print(f"{len(rounds)} replacements, {len(moves)} of them of the master; {len(writes)} writes")
        print(f"lost after the majority: {len(late)}; before it: {len(lost) - len(late)}; to another node: {len(astray)}")
        print(f"failed new connections at a move: median {failed[len(failed) // 2] if failed else '-'}, "
              f"most {failed[-1] if failed else '-'}; in all other rounds: {others}")
        for number, each in enumerate(rounds, 1):
            if each.failed.get("new", 0) > 1:
                print(f"  round {number}, {each.node}{', the master' if each.was_master else ''}: {each.failed}")
        took = sorted(each.took(writes) or 99 for each in moves)
        print(f"majority to the first write: median {took[len(took) // 2] if took else 0:.3f} s, "
              f"most {took[-1] if took else 0:.3f} s")
        errors = {write.error for write in writes if write.error}
        print("errors:", *sorted(errors), sep="\n  ")


if __name__ == "__main__":
    main()
