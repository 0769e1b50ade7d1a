"""Peers that behave badly, each kind beside 8 healthy connections that must not lose a thing."""

import json
import statistics
import subprocess

from .figures import Figure, Section, at_most, median_ratio
from .machine import PROGRAMS, address_text
from .setting import small_setting

P99_LIMIT = 2.0
PROGRAM = PROGRAMS / "spop_abuse"

NOTES = """Each kind of abuse runs against the agent beside 8 healthy connections with one frame in flight, in turn
with the same load left alone. Every healthy answer is verified; a lost one is a question without
answer or a connection that ended. The abuse shares a core with the load, which goes first (SCHED_IDLE):
what is delayed, the agent has delayed and not the generator's neighbour."""


def kinds():
    """What spop_abuse knows; nothing when it was not built."""
    if not PROGRAM.exists():
        return []
    return subprocess.run(
        [PROGRAM, "--list"], capture_output=True, text=True, check=True, timeout=10).stdout.split()


def beside_abuse(pair, kind, pace):
    """One run of the load while the abuse goes on, and how many times a second that one connected."""
    seconds = pace.warm_up + pace.seconds + 1
    abuse = subprocess.Popen(
        ["chrt", "--idle", "0", PROGRAM, kind, address_text(pair.agent.spop_address), "--seconds", f"{seconds:.1f}"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        healthy = pair.ask_agent(*pace.arguments, "--verify", lenient=True)
    finally:
        said = json.loads(abuse.communicate(timeout=seconds + 10)[0])
    return healthy, said["connects"] / said["seconds"]


def measure(pace):
    figures = []
    known = kinds()
    if not known:
        figures.append(Figure("all kinds", "skipped: spop_abuse was not built"))
    else:
        with small_setting() as (_, _, pair):
            for kind in known:
                abused, alone, connects = [], [], []
                for _ in range(pace.rounds):
                    healthy, rate = beside_abuse(pair, kind, pace)
                    abused.append(healthy)
                    connects.append(rate)
                    alone.append(pair.ask_agent(*pace.arguments, "--verify"))
                lost = sum(run["lost"] + run["faults"] for run in abused)
                figures += [
                    Figure(f"{kind}: connections a second", f"{statistics.median(connects):,.0f}"),
                    Figure(f"{kind}: healthy answers lost", str(lost), "0", lost == 0),
                    at_most(f"{kind}: p99, with to without",
                            median_ratio(abused, alone, "p99_us"), P99_LIMIT),
                ]
    return Section("Abuse", NOTES, figures)
