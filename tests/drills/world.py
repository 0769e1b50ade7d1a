"""One healthy deployment behind one router, under writes: the stage of a drill."""

import contextlib
import os
import pathlib
import sys
import time

from lab.deployment import start_deployment
from lab.observer import Observer
from lab.process import Process
from lab.waiting import TimedOut, wait_until

from .events import Events
from .lab import APART, NetworkLab
from .network import HERE
from .records import Records
from .routers import ROUTERS
from .sessions import SessionWatch

TESTS = pathlib.Path(__file__).resolve().parents[1]
DOWN_AFTER_MS = 2000
QUORUM = 2
# Sentinel's own defaults, which the deployment shortens while it starts.
INFO_PERIOD_MS, PING_PERIOD_MS = 10000, 1000
WARM = 1.0  # seconds of writes before anything happens
BACK_WITHIN = 30.0  # after it a client that does not write again is stranded


class World:
    """A context in which a drill runs: a router of this name on each host that `topology` gives one, with
    these `options`. `number` says which of its runs this is."""

    def __init__(self, router, patience, number=0, topology=APART, **options):
        self._router_name, self._options = router, options
        self.patience, self.number, self.topology = patience, number, topology
        self.notes = {}  # what a drill wants to be told with its results
        self.caused = self.wrong_after = None
        self.stranded = []  # clients that did not write again
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        with self._stack:
            self._start()
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _start(self):
        self.lab = self._stack.enter_context(NetworkLab(self.topology))
        self.network = self.lab.network
        self.deployment = start_deployment(self.lab, down_after_ms=DOWN_AFTER_MS, quorum=QUORUM)
        self.group = self.deployment.group
        self.old = self.deployment.master_of()
        make = ROUTERS[self._router_name]
        self.routers = {host: make(self.lab, self.deployment, host=host, **self._options)
                        for host in self.topology.routers}
        self.router = self.routers[self.topology.routers[0]]
        for router in self.routers.values():
            router.start()
        self._use_default_periods()
        self.events = self._stack.enter_context(Events(self.deployment))
        self.observer = self._stack.enter_context(Observer(self.deployment))
        self.sessions = self._stack.enter_context(SessionWatch(self.router.haproxy))
        self._start_writers()

    def _use_default_periods(self):
        for sentinel in self.deployment.sentinels:
            sentinel.client.execute_command(
                "SENTINEL DEBUG", "INFO-PERIOD", INFO_PERIOD_MS, "PING-PERIOD", PING_PERIOD_MS)

    def _start_writers(self):
        files, self._writers = {}, []
        for clients in self.topology.clients:
            port = self.routers[clients.host].haproxy.port
            for label, kind in clients.labels.items():
                files[label] = self.lab.folder / f"{label}.txt"
                self._writers.append(self.launch(
                    "writers", kind, label, port, self.patience, files[label], host=clients.host))
        self.labels = tuple(files)
        self.records = Records(*files.values(), labels=self.labels)
        self._await_writes(0.0, 10)
        self._await_writes(time.monotonic() + WARM, 10)

    def launch(self, module, *arguments, host=HERE):
        """Starts a module of this package as a process of its own, on `host`."""
        process = self.lab.add(
            Process(module, self.lab.subfolder(module), self.network.site(host).enter))
        process.launch(sys.executable, "-m", f"{__package__}.{module}", *arguments,
                       environment=os.environ | {"PYTHONPATH": str(TESTS)})
        return process

    def _silent_since(self, moment):
        """The clients without a write acknowledged after `moment` by the present master; all of them
        where there is none."""
        master = self.deployment.master_of()
        return self.records.refresh().silent_since(moment, master and master.port)

    def _await_writes(self, since, within):
        """Waits until every client has had a write acknowledged by the master after `since`."""
        silent = []

        def writing():
            for process in self._writers:
                process.must_be_alive()
            silent[:] = self._silent_since(since)
            return not silent

        wait_until(writing, within, lambda: f"writes by {silent}", every=0.05)

    # What may happen.

    def cause(self, act):
        """Does what deposes the master, or should not, and notes when."""
        self.caused = time.monotonic()
        act()

    def fail_over(self):
        """As an operator does. Promoting a replica needs a fresh INFO of it, every 1 s from now on."""
        self.deployment.sentinels[0].client.execute_command("SENTINEL FAILOVER", self.group.name)

    def host_of(self, process):
        return self.topology.places[process.name]

    def isolate(self, node):
        """Cuts the host of `node` off from the hosts of all other Redis and Sentinels. HAProxy and the agent
        reach it where they are on none of these."""
        self.cut_off(self.host_of(node))

    def cut_off(self, host):
        """Cuts `host` off from all others with a Redis or a Sentinel."""
        others = {self.host_of(process) for process in self.deployment.processes} - {host}
        self.network.cut(host, *sorted(others))

    def processes_on(self, host):
        """What would end with this host, but the clients."""
        routers = [self.routers[host]] if host in self.routers else []
        return [*(process for process in self.deployment.processes if self.host_of(process) == host),
                *(router.haproxy for router in routers),
                *(agent for router in routers for agent in router.agents)]

    # What is waited for.

    def majority(self):
        """When a majority of the Sentinels named another master, and which; None if it did not."""
        return self.observer.new_majority(self.old, self.caused)

    def await_switch(self, within=25):
        """Waits until a majority names a new master, and for what follows in the next two seconds."""
        majority = wait_until(self.majority, within, "a majority names a new master")
        self.sleep_until(majority.seen + 2)
        return majority

    def await_majority(self, within=25):
        """Waits for the switch, and then looks where HAProxy's connections are."""
        majority = self.await_switch(within)
        self.wrong_after = sum(
            self.network.connections("haproxy", node.address, host) for host in self.routers
            for node in self.group.nodes if node is not majority.value)
        return majority

    def await_replica(self, node, within=40):
        """Waits until `node` follows the master that the majority names."""
        def follows():
            master = self.deployment.master_of()
            return master and master is not node and node.is_linked_to(master)

        wait_until(follows, within, f"{node.name} is a replica", every=0.1)

    @staticmethod
    def sleep_until(moment):
        """For drills that are about a time: how long something stays broken."""
        time.sleep(max(0.0, moment - time.monotonic()))

    def begin_anew(self):
        """Makes everything healthy for another round, with the present master as the old one."""
        self.network.heal()
        self.deployment.hasten(self.deployment.sentinels)
        self.deployment.repair(within=40)
        self._use_default_periods()
        self.old, self.caused = self.deployment.master_of(), None
        self._await_writes(time.monotonic(), BACK_WITHIN)

    def finish(self):
        """Waits until all clients write again, or have had their time for it; ends the writes."""
        since = time.monotonic()
        with contextlib.suppress(TimedOut):
            self._await_writes(since, BACK_WITHIN)
        since = time.monotonic()
        with contextlib.suppress(TimedOut):
            self._await_writes(since, WARM)
        self.stranded = self._silent_since(since)
        for process in self._writers:
            process.terminate()
        self.records.refresh()

    def must_be_whole(self):
        """Raises when something has ended that no drill ends."""
        for router in self.routers.values():
            router.haproxy.must_be_alive()
            for agent in router.agents:
                if agent.name not in self.notes.get("killed", ()):
                    agent.must_be_alive()
