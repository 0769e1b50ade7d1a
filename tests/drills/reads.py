"""How old what readers see can be while replicas get into trouble, on hosts of their own.

A time stamp is written to the master every millisecond and read through HAProxy's frontend for reads, on
new connections and on one that is kept. One replica at a time is stopped, cut off from the others or from most
Sentinels, made to load a large dataset, or put behind a slow link; at last the master dies. `unshare --net python3 -m drills.reads` prints
the figures as JSON; `--keys N` makes the dataset as large as N keys of 1 KiB.
"""

import argparse
import contextlib
import dataclasses
import json
import os
import signal
import sys
import time

from lab import resp, spop_client
from lab.agent import make_agent, masters_of
from lab.background import Background
from lab.deployment import start_deployment
from lab.haproxy import start_haproxy
from lab.waiting import wait_until

from .lab import NAME, NetworkLab
from .network import namespace, run

READS = f"redis_{NAME}_read_nodes"
TROUBLE_LASTS = 3.0


@dataclasses.dataclass
class Read:
    begun: float
    stamp: float | None  # None: an error, or no data
    new: bool
    failed: bool = False

    @property
    def age(self):
        """Of the stamp when the read began."""
        return None if self.stamp is None else self.begun - self.stamp


class Stamps(Background):
    """Writes the time to the master again and again."""

    def __init__(self, deployment, every=0.001):
        super().__init__(self._write)
        self.deployment, self._every = deployment, every
        self.acknowledged = []  # stamps

    def _write(self):
        node = self.deployment.master_of()
        while not self._stopped.is_set():
            try:
                with resp.Connection(node.port, host=node.host) as connection:
                    while not self._stopped.is_set():
                        stamp = time.monotonic()
                        connection.call("SET", "stamp", repr(stamp))
                        self.acknowledged.append(stamp)
                        time.sleep(self._every)
            except (OSError, resp.ErrorReply):
                time.sleep(0.01)
                node = self.deployment.master_of() or node


class Readers(Background):
    """Reads through HAProxy: a new connection for each, and some that are kept until they end."""

    def __init__(self, port, kept=4):
        super().__init__(self._read_anew, *[self._read_on] * kept)
        self.reads = []
        self._port = port

    def since(self, when):
        return [read for read in list(self.reads) if read.begun >= when]

    def _read(self, connection, new):
        begun = time.monotonic()
        value = connection.call("GET", "stamp")
        self.reads.append(Read(begun, float(value) if value else None, new))

    def _attempt(self, again, new):
        begun = time.monotonic()
        try:
            with resp.Connection(self._port, timeout=15) as connection:
                self._read(connection, new)
                while again and not self._stopped.is_set():
                    time.sleep(0.005)
                    begun = time.monotonic()
                    self._read(connection, False)
        except (OSError, resp.ErrorReply):
            if not self._stopped.is_set():
                self.reads.append(Read(begun, None, new and not again, failed=True))

    def _read_anew(self):
        while not self._stopped.is_set():
            self._attempt(again=False, new=True)
            time.sleep(0.003)

    def _read_on(self):
        while not self._stopped.is_set():
            self._attempt(again=True, new=False)


class Scene:
    def __init__(self, lab, keys=0, **settings):
        self.lab, self.keys = lab, keys
        self.deployment = start_deployment(lab, **settings)
        self.control = lab.subfolder("control") / "admin.sock"
        (master,) = masters_of(self.deployment)
        self.agent = make_agent(
            lab, self.deployment,
            masters=[master | {"redis": {}, "replicas": {"fallback": "master"}}],
            haproxy=[{"runtime_api": f"unix:{self.control}",
                      "backends": {f"redis_{NAME}_nodes": NAME}, "read_backends": {READS: NAME}}])
        self.agent.start()
        self.haproxy = start_haproxy(lab, self.agent, control=self.control)
        self.await_fresh("R2", "R3", within=10)

    @property
    def group(self):
        return self.deployment.group

    def fresh(self):
        return set(self.agent.master(NAME)["reads"]["servers"])

    def await_fresh(self, *servers, within=20):
        began = time.monotonic()
        wait_until(lambda: self.fresh() == set(servers), within,
                   lambda: f"{servers} are fresh: {self.agent.master(NAME)['reads']}", every=0.01)
        return time.monotonic() - began

    def fitness(self, server):
        """The agent's words for why it is read or not."""
        (words,) = (replica["fitness"] for replica in self.agent.master(NAME)["reads"]["replicas"]
                    if replica["server"] == server)
        return words

    def sessions(self, server):
        return sum(int(row["scur"]) for row in self.haproxy.statistics()
                   if row["pxname"] == READS and row["svname"] == server)


def stall(scene):
    scene.group.servers["R2"].freeze()
    return scene.group.servers["R2"].thaw


def cut_off(scene):
    scene.lab.network.cut("R2", "R1", "R3", "S1", "S2", "S3")  # the agent still reaches it
    return scene.lab.network.heal


def slow_link(scene):
    """Towards the replica fewer bytes get through than are written, and queue up for 2 s."""
    switch = scene.lab.network.switch
    enter = ("nsenter", f"--net={namespace(switch)}", "tc", "qdisc")
    run(*enter, "add", "dev", "R2", "root", "tbf", "rate", "200kbit", "burst", "5kb", "latency", "2s")
    return lambda: run(*enter, "del", "dev", "R2", "root")


def load(scene):
    """Restarts the replica, which gets the whole dataset anew and loads it."""
    node = scene.group.servers["R2"]
    node.kill()
    node.start(replica_of=scene.deployment.master_of())
    return lambda: wait_until(
        lambda: node.is_linked_to(scene.deployment.master_of()), 120, "R2 is linked")


def unseen(scene):
    """Two of three Sentinels cannot reach it; its master, the agent and HAProxy can."""
    scene.lab.network.cut("R2", "S1", "S2")
    return scene.lab.network.heal


TROUBLES = {"stall": stall, "cut_off": cut_off, "unseen": unseen, "loading": load,
            "slow_link": slow_link}


def figures_of(reads):
    ages = sorted(read.age for read in reads if read.age is not None)
    return {"reads": len(ages),
            "oldest_ms": round(1000 * ages[-1]),
            "median_ms": round(1000 * ages[len(ages) // 2], 1),
            "refused_new": sum(read.age is None and read.new for read in reads),
            "ended": sum(read.age is None and not read.new for read in reads)}


def trouble(scene, readers, cause):
    """One replica gets into trouble and out of it."""
    began = time.monotonic()
    mend = cause(scene)
    left = scene.await_fresh("R3")
    why = scene.fitness("R2")
    wait_until(lambda: scene.sessions("R2") == 0, 5, "no session is left on R2", every=0.02)
    ended = time.monotonic() - began - left
    time.sleep(max(0.0, began + TROUBLE_LASTS - time.monotonic()))
    mend()
    back = scene.await_fresh("R2", "R3")
    time.sleep(0.5)
    return figures_of(readers.since(began)) | {
        "why": why, "left_s": round(left, 2), "sessions_ended_s": round(ended, 2), "back_s": round(back, 2)}


def crash(scene, readers):
    """The master dies; one replica is promoted, and the other follows it."""
    began = time.monotonic()
    old = scene.deployment.master_of()
    old.kill()
    wait_until(lambda: scene.deployment.master_of() not in (None, old), 20, "another master")
    (promoted,) = {scene.group.server_of(scene.deployment.master_of())}
    (other,) = {"R2", "R3"} - {promoted}
    with contextlib.closing(spop_client.connect(scene.agent.spop_address)) as client:
        wait_until(lambda: client.ask(NAME)["server"] == promoted, 5, "the verdict moves")
    scene.await_fresh(other)
    time.sleep(1)
    reads = readers.since(began)
    good = sorted(read.begun for read in reads if read.age is not None)
    gaps = [after - before for before, after in zip(good, good[1:])]
    return figures_of(reads) | {"longest_gap_ms": round(1000 * max(gaps)), "promoted": promoted}


def fill(scene):
    node = scene.deployment.master_of()
    script = "for i = ARGV[1], ARGV[2] do redis.call('SET', 'k' .. i, string.rep('x', 1024)) end"
    for first in range(0, scene.keys, 20_000):
        node.client.eval(script, 0, first, min(first + 20_000, scene.keys) - 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=20_000)
    parser.add_argument("--only", action="append", choices=[*TROUBLES, "crash"])
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGALRM, lambda *_: sys.exit("not finished within 300 s"))
    signal.alarm(300)
    results = {}
    with NetworkLab() as lab:
        scene = Scene(lab, options.keys)
        fill(scene)
        scene.await_fresh("R2", "R3")
        with Stamps(scene.deployment), Readers(scene.haproxy.read_ports[NAME]) as readers:
            time.sleep(1)
            for name, cause in TROUBLES.items():
                if not options.only or name in options.only:
                    results[name] = trouble(scene, readers, cause)
            if not options.only or "crash" in options.only:
                results["crash"] = crash(scene, readers)
        assert scene.agent.alive, scene.agent.log_text()[-2000:]
    print(json.dumps(results, indent=1))
    return os.EX_OK


if __name__ == "__main__":
    sys.exit(main())
