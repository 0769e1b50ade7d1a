"""p99 while many watch the agent: a hundred scrapes a second and 500 readers of its events."""

import contextlib
import dataclasses
import math
import selectors
import socket
import time

from lab.background import Background
from lab.waiting import TimedOut, wait_until

from .busy_control import move_control_thread
from .figures import Figure, Section, at_most, median, median_ratio
from .setting import NAME, small_setting

READERS = 500
SCRAPES_A_SECOND = 100
SECONDS = 60  # the length of it all, in full rounds
P99_LIMIT = 1.2
LEFT_BEHIND = 1  # MiB
GET = "GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n"

NOTES = f"""8 connections with one frame in flight while /metrics is scraped {SCRAPES_A_SECOND} times a second and {READERS} readers
follow /v1/events, for {SECONDS} s. The worker's thread has one core; the agent's control thread shares the other
with the load generator, the scraper and the readers, and these cost both kinds of run the same. So the figure
with the target is the agent's p99 next to the echo's, in turn with it, while they watch, over the same
without them. Memory is the whole agent's. A first crowd as large has come and gone before: what it leaves
with the allocator the next one uses, and no more than that may be left in the end."""


class Watchers(Background):
    """The readers and the scraper, a thread each kind, until the block is left."""

    def __init__(self, agent):
        super().__init__(self._read, self._scrape)
        self._address = ("127.0.0.1", agent.http_port)
        self._readers = []
        self.scrapes = self.heartbeats = self.gone = 0

    def __enter__(self):
        for _ in range(READERS):
            reader = socket.create_connection(self._address, timeout=5)
            reader.sendall(GET.format("/v1/events").encode())
            self._readers.append(reader)
        return super().__enter__()

    def _read(self):
        with selectors.DefaultSelector() as selector, contextlib.ExitStack() as stack:
            for reader in self._readers:
                selector.register(stack.enter_context(reader), selectors.EVENT_READ)
            while not self._stopped.is_set():
                for key, _ in selector.select(0.1):
                    text = key.fileobj.recv(65536)
                    self.heartbeats += text.count(b'"heartbeat"')
                    if not text:
                        selector.unregister(key.fileobj)
                        self.gone += 1

    def _scrape(self):
        """On connections that are kept, as Prometheus does it."""
        begun, connection = time.monotonic(), None
        while not self._stopped.wait(max(0, begun + self.scrapes / SCRAPES_A_SECOND - time.monotonic())):
            connection = connection or socket.create_connection(self._address, timeout=5)
            connection.sendall(GET.format("/metrics").encode())
            head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split()[0])
            while len(body) < length:
                body += connection.recv(65536)
            self.scrapes += 1
            if b"connection: close" in head.lower():
                connection.close()
                connection = None


def resident(agent):
    """MiB."""
    with open(f"/proc/{agent.pid}/smaps_rollup", encoding="ascii") as file:
        kibibytes = next(line.split()[1] for line in file if line.startswith("Rss:"))
    return int(kibibytes) / 1024


def resident_at_last(agent, wanted):
    """When it is down to `wanted`, or stays above for 10 s."""
    with contextlib.suppress(TimedOut):
        wait_until(lambda: resident(agent) <= wanted, 10, "the memory is given back", every=0.2)
    return resident(agent)


def measure(pace):
    long = pace
    if pace.seconds >= 1:
        turns = math.ceil(SECONDS / (2 * (pace.seconds + pace.warm_up)))
        long = dataclasses.replace(pace, rounds=turns)
    with small_setting() as (_, _, pair):
        agent = pair.agent
        move_control_thread(agent, NAME)
        fresh = resident(agent)
        with Watchers(agent):
            time.sleep(pace.seconds)
        calm_agents, calm_echoes = pair.alternate(pace)
        before = resident(agent)
        with Watchers(agent) as watchers:
            begun = time.monotonic()
            agents, echoes = pair.alternate(long)
            took = time.monotonic() - begun
            during = resident(agent)
        after = resident_at_last(agent, before + LEFT_BEHIND)
    if watchers.gone:
        raise RuntimeError(f"{watchers.gone} readers were dropped")
    watched = median_ratio(agents, echoes, "p99_us")
    calm = median_ratio(calm_agents, calm_echoes, "p99_us")
    return Section("While many watch", NOTES, [
        at_most("p99, agent to echo, watched to not", watched / calm, P99_LIMIT,
                f" ({watched:.2f} to {calm:.2f})"),
        Figure("agent, watched to not", f"{median_ratio_of(agents, calm_agents):.2f}"
               f" ({median(agents, 'p99_us'):,.0f} to {median(calm_agents, 'p99_us'):,.0f} µs)"),
        Figure("echo, watched to not", f"{median_ratio_of(echoes, calm_echoes):.2f}"
               f" ({median(echoes, 'p99_us'):,.0f} to {median(calm_echoes, 'p99_us'):,.0f} µs)"),
        Figure("scrapes a second, heartbeats a second to each",
               f"{watchers.scrapes / took:.0f}, {watchers.heartbeats / took / READERS:.2f}"),
        Figure("resident at the start, before, during, after",
               f"{fresh:.1f}, {before:.1f}, {during:.1f}, {after:.1f} MiB"),
        at_most("resident after, more than before", after - before, LEFT_BEHIND, " MiB"),
    ])


def median_ratio_of(runs, others):
    return median(runs, "p99_us") / median(others, "p99_us")
