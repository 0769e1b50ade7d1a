"""p99 while the control side has all it can have to do: scrapes, a thousand names, failovers."""

import contextlib
import os

import redis

from lab.background import Background
from lab.crowd import CROWD, MOVING, NAMES, Crowd, begin_failover, masters_of_crowd
from lab.lab import Lab

from .figures import Figure, Section, at_most, median, median_ratio
from .machine import REST, load
from .setting import start_agent_alone, start_echo

SCRAPES_EVERY = 0.1  # seconds
FAILOVER_EVERY = 5.0
P99_LIMIT = 1.3
ASKED = CROWD[500]  # a verdict that does not change, among those that are polled

NOTES = f"""8 connections with one frame in flight while five Sentinels are asked about {NAMES:,} names,
/metrics is scraped {1 / SCRAPES_EVERY:.0f} times a second and one name fails over every {FAILOVER_EVERY:.0f} s. The worker's thread has
one core; the agent's control thread shares the others with the load generator, five Sentinels, five
Redis and the scraper. Agent and echo take turns in the same turmoil, and are shown against themselves
at rest too, with the thousand names and without scrapes and failovers."""


class Turmoil(Background):
    """Scrapes and failovers, each by a thread of its own, until the block is left."""

    def __init__(self, deployment, agent):
        super().__init__(self._scrape, self._fail_over)
        self._deployment = deployment
        self._agent = agent
        self.scrapes = 0
        self.failovers = 0
        self.failures = []

    def _scrape(self):
        while not self._stopped.wait(SCRAPES_EVERY):
            try:
                status, _ = self._agent.get("/metrics")
                self.scrapes += status == 200
            except OSError as error:
                self.failures.append(error)

    def _fail_over(self):
        while not self._stopped.wait(FAILOVER_EVERY):
            # The one before may not be over yet; then it is the next one's turn.
            with contextlib.suppress(redis.exceptions.ConnectionError, redis.exceptions.TimeoutError):
                self.failovers += bool(begin_failover(self._deployment.sentinels[0]))


def move_control_thread(agent, asked=ASKED):
    """Leaves the core to the worker: the thread that a load keeps busiest."""
    def used():
        threads = (int(name) for name in os.listdir(f"/proc/{agent.pid}/task"))
        return {thread: cpu_ns(agent.pid, thread) for thread in threads}

    before = used()
    load(agent.spop_address, "--name", asked, "--seconds", 0.5)
    after = used()
    worker = max(after, key=lambda thread: after[thread] - before.get(thread, 0))
    for thread in after:
        if thread != worker:
            os.sched_setaffinity(thread, REST)


def cpu_ns(pid, thread):
    with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[0])


def measure(pace):
    with Lab() as lab:
        deployment = Crowd(lab)
        deployment.start()
        agent = start_agent_alone(
            lab, deployment, within=20, masters=list(masters_of_crowd(deployment)))
        move_control_thread(agent)
        pair = start_echo(lab, agent, ASKED)
        calm_agents, calm_echoes = pair.alternate(pace)
        with Turmoil(deployment, agent) as turmoil:
            agents, echoes = pair.alternate(pace)
    if turmoil.failures:
        raise RuntimeError(f"a scrape failed: {turmoil.failures[0]}")
    return Section("While the control side is busy", NOTES, [
        at_most("p99, agent to echo", median_ratio(agents, echoes, "p99_us"), P99_LIMIT,
                f" ({median(agents, 'p99_us'):,.0f} to {median(echoes, 'p99_us'):,.0f} µs)"),
        Figure("the same at rest", f"{median_ratio(calm_agents, calm_echoes, 'p99_us'):.2f}"
               f" ({median(calm_agents, 'p99_us'):,.0f} to {median(calm_echoes, 'p99_us'):,.0f} µs)"),
        Figure("agent, busy to at rest", f"{median_ratio(agents, calm_agents, 'p99_us'):.2f}"),
        Figure("echo, busy to at rest", f"{median_ratio(echoes, calm_echoes, 'p99_us'):.2f}"),
        Figure("scrapes, failovers meanwhile", f"{turmoil.scrapes}, {turmoil.failovers}"),
    ])
