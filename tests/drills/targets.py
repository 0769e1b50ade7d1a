"""What sentinel-spoa has to attain, and whether it does: computed from the figures, never by hand."""

import dataclasses
import statistics
from collections.abc import Callable

from .drills import CROWD, DRILLS
from .figures import of_writer
from .lab import TOGETHER

SWITCHES = ("crash", "silent-host", "failover", "split-brain")
EVERY = tuple(DRILLS)
ON_THE_MASTERS_HOST = tuple(TOGETHER.clients[0].labels)
NEVER = float("inf")
MEDIAN, MOST = "median", "most"


@dataclasses.dataclass(frozen=True)
class Target:
    """The figures that `measure` takes of every run of `drills`, of which the median or the largest may
    be at most `limit`; with `than`, at most this share of what that router shows in the same drills."""

    text: str
    drills: tuple
    measure: Callable  # result → list of numbers
    of_all: str
    limit: float
    unit: str = ""
    runs: int = 1  # fewer show nothing
    than: str | None = None

    def figure(self, figures):
        """None without runs, and without those of the router to compare with."""
        figure = self._of_router(figures, "agent")
        if figure is None or not self.than:
            return figure
        other = self._of_router(figures, self.than)
        if other is None:
            return None
        return figure / other if other else NEVER  # to lose as little as nothing shows nothing

    def _of_router(self, figures, router):
        values = [value for drill in self.drills for result in figures.whole(router, drill)
                  for value in self.measure(result)]
        if not values:
            return None
        return statistics.median(values) if self.of_all == MEDIAN else max(values)

    def count(self, figures):
        return sum(len(figures.of("agent", drill)) for drill in self.drills)

    def failed(self, figures):
        """How many runs did not come to their end."""
        return self.count(figures) - sum(len(figures.whole("agent", drill)) for drill in self.drills)

    def is_met(self, figures):
        """None where there is nothing to judge by."""
        if self.count(figures) < self.runs or self.than and not figures.whole(self.than, self.drills[0]):
            return None
        figure = self.figure(figures)
        return figure is not None and figure <= self.limit and not self.failed(figures)


def writers(name, *kinds):
    """As of_writer; what did not happen, although it should have, never comes."""
    take = of_writer(name, *kinds)
    return lambda result: [NEVER if value is None else value for value in take(result)]


def slowest_failure(result):
    return [result["writers"]["new"]["failed_slowest_ms"] or 0]


def lost_of_unfenced(result):
    """The share of what a router would lose that goes on until the majority."""
    return [writer["lost"] / result["unfenced"] for writer in result["writers"].values()]


def lost_on_the_masters_host(result):
    return [sum(of_writer("lost", *ON_THE_MASTERS_HOST)(result))]


def acknowledged_by_the_old_until(result):
    """Seconds after the cause until the old master's last acknowledgement, for each client on its host."""
    return [seconds or 0 for seconds in of_writer("old_until_s", *ON_THE_MASTERS_HOST)(result)]


def after_fence(result):
    """Seconds until the sessions of a server that was put in maintenance were gone, for each time."""
    return [NEVER if seconds is None else seconds for seconds in result["sessions"]["fences"]]


def crowd_gone(result):
    return after_fence(result) or [NEVER]


def slower_verdicts(result):
    return [result["notes"]["p99_meanwhile_ms"] / result["notes"]["p99_before_ms"]]


def fences(result):
    return [int(result["sessions"]["fenced_s"] is not None)]


def on_wrong_node(result):
    wrong = result["sessions"]["wrong_after_2s"]
    return [NEVER if wrong is None else wrong]


TARGETS = (
    Target("majority to first write on the new master, new connections", SWITCHES,
           writers("first_write_ms", "new"), MEDIAN, 10, "ms"),
    Target("the same", SWITCHES, writers("first_write_ms", "new"), MOST, 25, "ms"),
    Target("the same, pooled", SWITCHES, writers("first_write_ms", "pooled"), MEDIAN, 60, "ms"),
    Target("the same, sticky", SWITCHES, writers("first_write_ms", "sticky"), MEDIAN, 60, "ms"),
    Target("crash: failed new connections", ("crash",), writers("failed", "new"), MEDIAN, 0),
    Target("the same", ("crash",), writers("failed", "new"), MOST, 1),
    Target("crash, `wait: 0`: how long a failing one takes", ("crash-no-wait",), slowest_failure,
           MOST, 10, "ms"),
    Target("SENTINEL FAILOVER: acknowledged writes lost", ("failover",), writers("lost"), MOST, 0),
    Target("split brain: acknowledged writes lost, of those until the majority", ("split-brain",),
           lost_of_unfenced, MOST, 0.40),
    Target("the same, `isolated: keep`", ("split-brain-no-isolated",), lost_of_unfenced, MOST, 0.78),
    Target("writes acknowledged by the old master after the majority", EVERY,
           writers("by_old_after"), MOST, 0),
    Target("clients stranded", EVERY, writers("stranded"), MOST, 0),
    Target("silent host: failed new connections", ("silent-host",), writers("failed", "new"), MOST, 110),
    Target("stall of 1.5 s: failed writes", ("short-stall",), writers("failed"), MOST, 0, runs=10),
    Target("the same: fences", ("short-stall",), fences, MOST, 0, runs=10),
    Target("Sentinels dead: failed writes", ("sentinels-dead",), writers("failed"), MOST, 0),
    Target("minority: acknowledged writes lost on the master's host, of those that are where HAProxy asks the "
           "Sentinels", ("minority",), lost_on_the_masters_host, MEDIAN, 0.35, than="tcp-check-2"),
    Target("the same: last write acknowledged there, after the cut", ("minority",),
           acknowledged_by_the_old_until, MOST, 2.5, "s"),
    Target("a host without the master reboots: failed writes on the others", ("host-reboots",),
           writers("failed"), MOST, 0),
    Target("three hosts, Sentinels dead: failed writes", ("three-hosts-sentinels-dead",), writers("failed"),
           MOST, 0),
    Target(f"{CROWD} sessions: fence to the last one's end", ("crowd",), crowd_gone, MOST, 1, "s"),
    Target("the same: p99 of verdicts meanwhile, of that before", ("crowd",), slower_verdicts, MOST, 3),
    Target("every fence: until no session is left", EVERY, after_fence, MOST, 1.1, "s"),
    Target("reload: sessions on a wrong node 2 s after the majority", ("reload",), on_wrong_node,
           MOST, 0, runs=10),
    Target("the same: new connections that reached a wrong node", ("reload",), writers("astray", "new"),
           MOST, 0, runs=10),
)
