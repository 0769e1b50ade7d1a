"""Fences without end: does HAProxy bear them, and does it give back what they took?

`python3 -m drills.fence_soak` has scripted Sentinels move the masters of some names again and again. The agent fences
the old ones each time, over HAProxy's runtime API, while clients come and go through HAProxy. A table tells for each version of
HAProxy what became of it: its worker's memory and descriptors once a tenth of the fences were there and at the end,
both without clients.
"""

import argparse
import contextlib
import dataclasses
import os
import pathlib
import re
import signal
import sys
import time

from lab import spop_client
from lab.agent import Agent
from lab.haproxy import HAProxy
from lab.haproxy_versions import wanted_versions
from lab.lab import Lab
from lab.nodes import RedisNode
from lab.process import Process
from lab.scripted_sentinels import ScriptedSentinels
from lab.waiting import TimedOut, wait_until

NAMES = [f"m{number}" for number in range(1, 129)]  # that move together: so many fences at once
SERVERS = ("R1", "R2", "R3")
THREADS = 4
MAXCONN = 8000
CLIENT_PROCESSES = 2  # one would not be fast enough
TESTS = pathlib.Path(__file__).resolve().parents[1]
MEMORY_MAY_GROW = 0.10  # of what it was after a tenth
DESCRIPTORS_MAY_GROW = 20
FOLLOWED_WITHIN = 60.0  # seconds, on a machine that has other things to do
SESSIONS_END_WITHIN = 10.0  # once their clients have left
# After each move, in which clients reach the new master: without sessions a fence has nothing to do. Many names that
# move seldom make as many fences as few that move often, and no flood of events.
PAUSE = 0.5


@dataclasses.dataclass(frozen=True)
class Size:
    """Of HAProxy's worker, some time after its last client has left."""

    memory: int  # KiB
    descriptors: int
    sessions: int  # that never end


@dataclasses.dataclass
class Result:
    """`trouble` is empty when all is well."""

    fences: int = 0
    seconds: float = 0.0
    connections: int = 0
    answered: int = 0
    ended: int = 0  # sessions, by fences
    early: Size | None = None
    late: Size | None = None
    trouble: str = ""


class Scene:
    """Three Redis nodes, scripted Sentinels, an agent and one HAProxy."""

    def __init__(self, lab, version):
        self.lab = lab
        nodes = [lab.add(RedisNode(lab, server)) for server in SERVERS]
        for node in nodes:
            node.start()
        wait_until(lambda: all(node.answers() for node in nodes), 10, "the nodes answer")
        self.sentinels = ScriptedSentinels(
            NAMES, {node.name: (node.host, node.port) for node in nodes}, [lab.ports.take() for _ in range(3)])
        control = lab.subfolder("control") / "admin.sock"
        self.agent = lab.add(Agent(
            lab, sentinels={"addresses": self.sentinels.addresses},
            masters=[{"name": name, "servers": {node.name: node.address for node in nodes}} for name in NAMES],
            haproxy=[{"runtime_api": f"unix:{control}",
                      "backends": {f"redis_{name}_nodes": name for name in NAMES}}]))
        self.haproxy = lab.add(HAProxy(
            lab, self.agent, "use-server", version.binary, control=control, edit=lambda text: text.replace(
                "maxconn 2000", f"maxconn {MAXCONN}\n    nbthread {THREADS}")))
        self._frontends = {f"redis_{name}" for name in NAMES}
        self._clients = []
        self._come = [0, 0]  # of clients that have ended: connections, answered

    def start(self):
        self.agent.start()
        self.haproxy.start()
        self.worker = self._worker()

    def _worker(self):
        return int(re.search(r"^Pid: (\d+)$", self.haproxy.ask("show info"), re.M)[1])

    def must_be_alive(self):
        self.agent.must_be_alive()
        self.haproxy.must_be_alive()
        if self._worker() != self.worker:
            raise RuntimeError(f"HAProxy's worker is another one:\n{self.haproxy.log_text()[-2000:]}")

    def fences(self):
        return int(self.agent.metric("sentinel_spoa_fence_duration_seconds_count"))

    def ended(self):
        return int(self.agent.metric("sentinel_spoa_fenced_sessions_total"))

    # The clients.

    def let_clients_come(self, rate):
        for number in range(CLIENT_PROCESSES):
            folder = self.lab.subfolder("knockers")
            process = self.lab.add(Process("knockers", folder))
            process.launch(sys.executable, "-m", "drills.knockers", rate / CLIENT_PROCESSES, folder / "counts",
                           *self.haproxy.ports.values(), environment=os.environ | {"PYTHONPATH": str(TESTS)})
            self._clients.append((process, folder / "counts"))

    def _counts(self):
        """(connections, answered) of those that are here."""
        counts = [0, 0]
        for _, file in self._clients:
            lines = file.read_text().splitlines() if file.exists() else []
            if lines:
                counts = [sum(pair) for pair in zip(counts, map(int, lines[-1].split()))]
        return counts

    def connections(self):
        return tuple(sum(pair) for pair in zip(self._come, self._counts()))

    def _sessions(self):
        """Those of clients, on any server or on none."""
        return sum(int(row["scur"]) for row in self.haproxy.statistics()
                   if row["pxname"] in self._frontends and row["svname"] == "FRONTEND")

    def size(self, rate):
        """HAProxy's size without clients, who are sent away for it and come again."""
        self._come = list(self.connections())
        self.lab.end([process for process, _ in self._clients])
        self._clients.clear()
        with contextlib.suppress(TimedOut):
            wait_until(lambda: not self._sessions(), SESSIONS_END_WITHIN, "no session is left", every=0.1)
        status = pathlib.Path(f"/proc/{self.worker}/status").read_text()
        size = Size(int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.M)[1]),
                    len(os.listdir(f"/proc/{self.worker}/fd")), self._sessions())
        self.let_clients_come(rate)
        return size


def soak(scene, result, fences, rate, until):
    """Moves the master until so many fences are told, or it is too late."""
    place, began = 0, time.monotonic()
    scene.let_clients_come(rate)
    with spop_client.connect(scene.agent.spop_address, timeout=FOLLOWED_WITHIN) as client:
        while result.fences < fences:
            if time.monotonic() > until:
                raise TimeoutError(f"{result.fences} of {fences} fences in the time given")
            for _ in range(5):
                place = (place + 1) % len(SERVERS)
                scene.sentinels.move(SERVERS[place])
                wait_until(lambda: all(client.ask(name)["server"] == SERVERS[place] for name in NAMES),
                           FOLLOWED_WITHIN, f"the verdicts are {SERVERS[place]}", every=0.002)
                time.sleep(PAUSE)
            result.fences, result.seconds = scene.fences(), time.monotonic() - began
            scene.must_be_alive()
            result.connections, result.answered = scene.connections()
            result.ended = scene.ended()
            if not result.early and result.fences >= fences / 10:
                result.early = scene.size(rate)
    result.late = scene.size(rate)


def judge(result):
    """What is wrong with it, in words."""
    early, late = result.early, result.late
    if late.sessions:
        return f"{late.sessions} sessions never end"
    if late.memory > early.memory * (1 + MEMORY_MAY_GROW):
        return "memory has grown"
    if late.descriptors > early.descriptors + DESCRIPTORS_MAY_GROW:
        return "descriptors have grown"
    return ""


def run(version, fences, rate, minutes):
    result = Result()
    try:
        with Lab() as lab:
            scene = Scene(lab, version)
            with scene.sentinels:
                scene.start()
                soak(scene, result, fences, rate, time.monotonic() + 60 * minutes)
                result.trouble = judge(result)
    except Exception as failure:  # told as a row; the other versions go on
        result.trouble = f"{type(failure).__name__}: {failure}"
    return result


def row(version, result):
    seconds = result.seconds or float("inf")

    def grown(name):
        return " → ".join(f"{getattr(size, name):,}" if size else "–" for size in (result.early, result.late))

    first, *more = result.trouble.splitlines() or ["sound"]
    text = (f"{version!s:>8}  {result.fences:>8,}  {result.fences / seconds:>8.1f}  {result.seconds:>6.0f}  "
            f"{result.connections / seconds:>8.0f}  {result.answered / max(result.connections, 1):>8.1%}  "
            f"{result.ended:>9,}  "
            f"{grown('memory'):>17}  {grown('descriptors'):>13}  {first}")
    return "\n".join([text, *more])


HEAD = (f"{'HAProxy':>8}  {'fences':>8}  {'fences/s':>8}  {'s':>6}  {'conns/s':>8}  {'answered':>8}  {'ended':>9}  "
        f"{'worker KiB':>17}  {'descriptors':>13}")


def main():
    parser = argparse.ArgumentParser(prog="scripts/fence-soak", description=__doc__)
    parser.add_argument("--fences", type=int, default=100_000, help="so many for each version (default 100000)")
    parser.add_argument("--rate", type=int, default=1000, help="connections a second meanwhile (default 1000)")
    parser.add_argument("--minutes", type=float, default=120, help="longest time for a version (default 120)")
    parser.add_argument("--haproxy", action="append", metavar="ORIGIN",
                        help="installed, or a suite of scripts/fetch-haproxy; may be repeated; all without it")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    versions = [version for version in wanted_versions()
                if not options.haproxy or version.origin in options.haproxy]
    print(HEAD, flush=True)
    failed = False
    for version in versions:
        if not version.number:
            print(f"{version!s:>8}  not here: scripts/fetch-haproxy {version.origin}", flush=True)
            continue
        result = run(version, options.fences, options.rate, options.minutes)
        failed |= bool(result.trouble)
        print(row(version, result), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
