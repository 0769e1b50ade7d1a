"""What sentinel-spoa has to attain, and whether it does: computed from the figures, never by hand."""

import dataclasses
import statistics
from collections.abc import Callable

from .drills import CROWD, DRILLS
from .figures import of_writer

SWITCHES = ("crash", "silent-host", "failover", "split-brain")
EVERY = tuple(DRILLS)
NEVER = float("inf")
MEDIAN, MOST = "median", "most"


@dataclasses.dataclass(frozen=True)
class Target:
    """The figures that `measure` takes of every run of `drills`, of which the median or the largest may
    be at most `limit`."""

    text: str
    drills: tuple
    measure: Callable  # result → list of numbers
    of_all: str
    limit: float
    unit: str = ""
    runs: int = 1  # fewer show nothing

    def figure(self, figures):
        """None without runs."""
        values = [value for drill in self.drills for result in figures.whole("agent", drill)
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
        if self.count(figures) < self.runs:
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
    Target(f"{CROWD} sessions: fence to the last one's end", ("crowd",), crowd_gone, MOST, 1, "s"),
    Target("the same: p99 of verdicts meanwhile, of that before", ("crowd",), slower_verdicts, MOST, 3),
    Target("every fence: until no session is left", EVERY, after_fence, MOST, 1.1, "s"),
    Target("reload: sessions on a wrong node 2 s after the majority", ("reload",), on_wrong_node,
           MOST, 0, runs=10),
    Target("the same: new connections that reached a wrong node", ("reload",), writers("astray", "new"),
           MOST, 0, runs=10),
)
