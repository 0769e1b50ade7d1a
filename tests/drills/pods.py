"""Pods that are replaced under load: `python3 -m drills.pods [--rounds N] [--seed N] [--rolling]`.

Each round ends one of three Redis pods, which comes back under its name at another address. Writers write through
HAProxy meanwhile. With --rolling the pods take turns, and one that is master hands over first, as the charts'
preStop hooks have it. Told is what they lost, and how many connections failed, by round; what everybody logged in a
round with more than a few goes to build/drills/pods.
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
MOST_FAILED = 3  # new connections, in a round that needs no explanation
KEPT = TESTS.parent / "build/drills/pods"
# Sessions that did not go well, with the verdict of each.
LOGGED = "\nglobal\n    log stdout format raw local0\n", "\ndefaults\n    log global\n    option dontlog-normal\n"


@dataclasses.dataclass
class Round:
    """What became of one replacement; times are monotonic."""

    node: str
    was_master: bool
    killed: float
    majority: float | None = None  # of another master
    moved: float | None = None  # its name has the new address
    told: float | None = None  # HAProxy has it
    usable: float | None = None  # the node is linked again, and the agent has nothing to tell
    logs: dict = dataclasses.field(default_factory=dict)  # by file: where its lines begin
    failed: dict = dataclasses.field(default_factory=dict)  # by kind
    master_port: int | None = None  # of the master after it

    def took(self, writes):
        """Seconds from the majority to the first new connection's write on the new master."""
        return min((write.ended - self.majority for write in writes if write.label == "new" and not write.error
                    and write.port == self.master_port and write.ended >= self.majority), default=None)


class Scene:
    """Pods, an agent and a HAProxy; a context. `sentinels` and `servers`: what the agent is told instead, functions
    of the pods."""

    def __init__(self, sentinels=None, servers=None, apart=False, families=(4,), **options):
        self.lab = PodLab(apart, families)
        self.pods = Pods(self.lab, **options)
        self.control = self.lab.subfolder("control") / "admin.sock"
        self.agent = self.lab.add(Agent(
            self.lab, sentinels={"addresses": sentinels(self.pods) if sentinels else [
                each.address for each in self.pods.sentinels]},
            masters=[pods_of(self.pods)[0] | {"redis": {}, "policy": {"wait": "8s"}}
                     | ({"servers": servers(self.pods)} if servers else {})],
            haproxy=[{"runtime_api": f"unix:{self.control}", "backends": {f"redis_{NAME}_nodes": NAME}}]))
        self.haproxy = self.lab.add(HAProxy(
            self.lab, self.agent, "use-server", control=self.control, enter=self.lab.agents_enter, edit=with_log))
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

    def let_writers_come(self, kinds=KINDS):
        for kind in kinds:
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

    def replace(self, node, gently=False):
        """Ends the pod and starts it elsewhere. `gently`: it is asked to, and a master hands over before."""
        round_ = Round(node.name, node is self.pods.master(), 0.0, logs=self.log_sizes())
        round_.killed = time.monotonic()
        if not gently:
            node.kill()
        elif round_.was_master:
            wait_until(self.pods.fail_over, 10, "a failover begins", every=0.05)
        if round_.was_master:
            wait_until(lambda: self.pods.master() not in (None, node), 60, "another master", every=0.005)
            round_.majority = time.monotonic()
            round_.master_port = self.pods.master().port
        if gently:
            node.terminate()
        round_.moved = time.monotonic()
        node.start(self.pods.master())
        wait_until(lambda: self.addresses().get(node.name) == node.host, 30, "HAProxy has the address")
        round_.told = time.monotonic()
        self.pods.await_health()
        self.await_health()
        round_.usable = time.monotonic()
        return round_

    def addresses(self):
        """server → the address that HAProxy has of it; nothing when it does not say."""
        try:
            state = self.haproxy.ask(f"show servers state redis_{NAME}_nodes")
        except ConnectionError:
            return {}  # now and then it hangs up in the middle
        rows = [line.split() for line in state.splitlines()]
        return {row[3]: row[4] for row in rows if len(row) > 6 and row[0].isdigit()}

    def log_sizes(self):
        return {each.log: len(each.log_text()) for each in (self.agent, self.haproxy, *self.pods.sentinels)}

    def kept(self):
        """The keys that the master has."""
        client = redis.Redis(self.pods.master().host, self.pods.master().port, decode_responses=True)
        return set(client.scan_iter(count=10_000))


def with_log(text):
    for lines in LOGGED:
        text = text.replace(lines[:lines.index("\n", 1) + 1], lines, 1)
    return text


def run(scene, rounds, seed, between=0.5, rolling=False):
    """Replaces pods under load. Returns (rounds, writes, keys of acknowledged ones that are lost)."""
    dice = random.Random(seed)
    scene.let_writers_come()
    time.sleep(1)  # of writing
    told = []
    for number in range(rounds):
        node = scene.pods.nodes[number % 3] if rolling else dice.choice(scene.pods.nodes)
        told.append(scene.replace(node, gently=rolling))
        print(f"{number + 1}/{rounds}: {told[-1].node}, {'master' if told[-1].was_master else 'replica'}, "
              f"{told[-1].usable - told[-1].killed:.2f} s", flush=True)
        time.sleep(between)
    ends = [each.logs for each in told[1:]] + [scene.log_sizes()]
    writes = scene.end_writers()
    kept = scene.kept()
    failures = {number: [] for number in range(len(told))}
    for write in filter(lambda write: write.error, writes):
        number = next((place for place in reversed(range(len(told))) if told[place].killed <= write.ended), None)
        if number is not None:
            told[number].failed[write.label] = told[number].failed.get(write.label, 0) + 1
            failures[number].append(write)
    for number, each in enumerate(told):
        if each.failed.get("new", 0) > MOST_FAILED:
            keep_logs(number + 1, each, ends[number], failures[number])
    lost = [write for write in writes if not write.error and write.key not in kept]
    return told, writes, lost


def keep_logs(number, round_, ends, failures):
    """What everybody logged in this round, and which writes failed when: seconds after its begin."""
    KEPT.mkdir(parents=True, exist_ok=True)
    lines = [f"{each} after {getattr(round_, each) - round_.killed:.3f} s"
             for each in ("majority", "moved", "told", "usable") if getattr(round_, each)]
    lines += [f"{write.label} {write.begun - round_.killed:.3f} to {write.ended - round_.killed:.3f}, port {write.port}: "
              f"{write.error}" for write in sorted(failures, key=lambda write: write.begun)]
    for file, begin in round_.logs.items():
        text = file.read_text(errors="replace")[begin:ends[file]]
        lines.append(f"\n--- {file.stem}\n{text}")
    path = KEPT / f"round-{number}"
    path.write_text("\n".join(lines))
    print(f"round {number} is told in {path}")


def lost_after_majority(rounds, lost):
    """Those that were sent when the Sentinels had agreed on the next master already."""
    moves = [(each.killed, each.majority) for each in rounds if each.was_master]
    return [write for write in lost if not any(
        write.begun <= majority and write.ended >= killed - 1 for killed, majority in moves)]


def main():
    parser = argparse.ArgumentParser(prog="python3 -m drills.pods", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rolling", action="store_true")
    options = parser.parse_args()
    with Scene() as scene:
        scene.start()
        pids = scene.agent.pid, scene.haproxy.pid
        rounds, writes, lost = run(scene, options.rounds, options.seed, rolling=options.rolling)
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
        told = sorted(each.told - each.moved for each in rounds)
        print(f"DNS to HAProxy: median {told[len(told) // 2]:.3f} s, most {told[-1]:.3f} s")
        errors = {write.error for write in writes if write.error}
        print("errors:", *sorted(errors), sep="\n  ")


if __name__ == "__main__":
    main()
