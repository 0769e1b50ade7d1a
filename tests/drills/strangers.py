"""The master's address is given to a Redis of somebody else: `unshare --net python3 -m drills.strangers [--rounds N]`.

In each round the master is killed, and within `down-after-milliseconds` another Redis with other data listens at its
address and says that it is a master. Clients go on connecting through HAProxy and write. Told is how many writes the
other Redis got. `--restarts N` instead starts the master itself anew, and tells for how long its name was closed.
"""

import argparse
import dataclasses
import random
import statistics
import time

from lab import resp
from lab.agent import make_agent, masters_of
from lab.background import Background
from lab.deployment import start_deployment
from lab.haproxy import HAProxy
from lab.lab import Lab
from lab.nodes import RedisNode
from lab.waiting import wait_until

NAME = "mymaster"
CLIENTS = 16
NEVER = 600_000  # ms: no Sentinel asks for INFO within a round
DEFAULT_INFO_PERIOD = 10_000  # ms, Sentinel's own


class Stranger(RedisNode):
    """A Redis of somebody else at the address of `node`, while that does not run."""

    def __init__(self, lab, node):
        super().__init__(lab, "stranger")
        self.port, self.client = node.port, node.client

    def start(self):
        super().start()
        wait_until(self.answers, 5, "the stranger answers", every=0.001)
        self.client.mset({"of": "somebody else"})

    def strays(self):
        """The writes that it got from clients: nobody else sends SET."""
        return self.client.info("commandstats").get("cmdstat_set", {}).get("calls", 0)


class Clients(Background):
    """Each connects, writes and leaves, and again at once."""

    def __init__(self, port):
        super().__init__(*[self._run] * CLIENTS)
        self._port = port
        self.written = self.refused = 0

    def _run(self):
        while not self._stopped.is_set():
            try:
                with resp.Connection(self._port, timeout=10) as connection:
                    connection.call("SET", "key", "value")
                self.written += 1
            except (OSError, resp.ErrorReply):
                self.refused += 1
                self._stopped.wait(0.002)


@dataclasses.dataclass(frozen=True)
class Round:
    strays: int  # writes that the stranger got
    state: str  # of the name meanwhile
    refused: int  # connections
    gap: float  # seconds in which nobody listened


class Scene:
    """One master, two replicas and three Sentinels, an agent and a HAProxy; a context."""

    def __init__(self, wait="0", probed=True):
        self.lab = Lab()
        self.deployment = start_deployment(self.lab, down_after_ms=30_000)
        (master,) = masters_of(self.deployment)
        control = self.lab.subfolder("control") / "admin.sock"
        self.agent = make_agent(
            self.lab, self.deployment,
            masters=[master | ({"redis": {}} if probed else {}) | {"policy": {"wait": wait}}],
            haproxy=[{"runtime_api": f"unix:{control}", "backends": {f"redis_{NAME}_nodes": NAME}}])
        self.haproxy = self.lab.add(HAProxy(self.lab, self.agent, "use-server", control=control))
        self.master = self.deployment.group.servers["R1"]
        self.stranger = self.lab.add(Stranger(self.lab, self.master))

    def __enter__(self):
        self.agent.start()
        self.haproxy.start()
        self.await_open()
        return self

    def __exit__(self, *_):
        self.lab.close()

    def await_open(self, within=15, every=0.02):
        wait_until(lambda: self.told()["open"] and self.told()["state"] == "ok", within,
                   lambda: f"the name is open: {self.told()}", every=every)

    def told(self):
        return self.agent.master(NAME)

    def set_info_period(self, ms):
        """How often the Sentinels ask the master who it is."""
        for sentinel in self.deployment.sentinels:
            sentinel.client.execute_command("SENTINEL DEBUG", "INFO-PERIOD", ms)

    def replace(self, gap, stays=1.5):
        """The master's address is a stranger's for `stays` seconds, after `gap` seconds of nobody."""
        self.set_info_period(NEVER)
        with Clients(self.haproxy.port) as clients:
            wait_until(lambda: clients.written > 50, 5, "the clients write")
            self.master.kill()
            killed = time.monotonic()
            time.sleep(gap)
            self.stranger.start()
            gap = time.monotonic() - killed
            refused = clients.refused
            time.sleep(stays)
            told = self.told()
            strays = self.stranger.strays()
            refused = clients.refused - refused
        return Round(strays, told["state"], refused, gap)

    def restore(self):
        """The master is back, and the Sentinels know it."""
        self.stranger.kill()
        self.master.start()
        wait_until(self.master.answers, 5, "the master answers")
        self.set_info_period(100)
        self.deployment.await_health()
        self.await_open()

    def restart(self):
        """Starts the master anew; returns the seconds from its first answer until its name was open."""
        self.set_info_period(DEFAULT_INFO_PERIOD)
        self.master.kill()
        self.master.start()
        wait_until(self.master.answers, 5, "the master answers", every=0.001)
        begun = time.monotonic()
        wait_until(lambda: not self.told()["open"], 5, "it is noticed", every=0.001)
        self.await_open(every=0.005)
        return time.monotonic() - begun


def main():
    parser = argparse.ArgumentParser(prog="python3 -m drills.strangers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--restarts", type=int, default=0)
    parser.add_argument("--wait", default="0")
    parser.add_argument("--without-probes", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    dice = random.Random(options.seed)
    with Scene(options.wait, not options.without_probes) as scene:
        if options.restarts:
            took = []
            for _ in range(options.restarts):
                time.sleep(dice.uniform(0, 10))  # the Sentinels ask at any moment of their ten seconds
                took.append(scene.restart())
                print(f"{took[-1]:.2f} s", flush=True)
            print(f"{len(took)} restarts: closed for {statistics.median(took):.1f} s, at most {max(took):.1f} s")
            return
        rounds = []
        for _ in range(options.rounds):
            rounds.append(scene.replace(dice.choice((0, dice.uniform(0, 0.5)))))
            print(rounds[-1], flush=True)
            scene.restore()
        gaps = [each.gap for each in rounds]
        print(f"{len(rounds)} times, after {min(gaps) * 1000:.0f} to {max(gaps) * 1000:.0f} ms: "
              f"{sum(each.strays for each in rounds)} writes reached the other Redis, in "
              f"{sum(each.strays > 0 for each in rounds)} rounds; "
              f"{sum(each.refused for each in rounds)} connections were refused while it was there")


if __name__ == "__main__":
    main()
