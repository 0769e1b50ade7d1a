"""docs/failover.md: the targets, what each drill cost with each router, and how it was measured."""

import subprocess

from lab.haproxy import BINARY

from . import chart
from .drills import DRILLS
from .figures import median_and_maximum, number, of_writer
from .outcome import RATE
from .records import KINDS
from .routers import ROUTERS, TITLES
from .targets import TARGETS, after_fence
from .world import DOWN_AFTER_MS, QUORUM

HEAD = """\
# What a failover costs

Written by `scripts/drills`, with figures of its runs; do not edit. {versions}; down-after-milliseconds
{down_after}, quorum {quorum}, three Redis hosts, three Sentinel hosts and one with HAProxy, the agent and the
clients, each a network namespace of one machine.

Three writers write {rate} times a second each, through HAProxy:

- **new** opens a connection for every write,
- **pooled** keeps eight connections, and leaves one at every error,
- **sticky** keeps one connection, and leaves it only when the socket fails.

Every write has a key of its own. One that was acknowledged and that the master does not have in the end is
*lost*. The *majority* is the moment at which two of three Sentinels answer the address of another master. A
client waits 6 s for an answer unless said. Where there are two figures they are the median and the largest of
all runs. A first write before the majority, with a minus, is one that happened to reach the node being promoted.

![What each router loses]({chart})

"""

ROUTERS_TEXT = """\
## The routers

- **{agent}**: HAProxy as `haproxy-config` writes it, the agent with `redis:` and with HAProxy's runtime API.
- **{verdicts}**: the same without `haproxy:`. A verdict is for new connections alone.
- **{tcp-check-1}**: one backend, `option tcp-check` expects `role:master` of each node every second.
- **{tcp-check-2}**: a backend for each node, in which each Sentinel is asked every 2 s whether it names that
  node; `use-server` takes the one that two Sentinels name. Without the `QUIT` that is often seen at the end of
  such checks: Sentinel 7 answers it with an error, and no check would ever pass.

The last two are in `tests/drills/tcp_check.py`.
"""

COLUMNS = (
    ("lost: new, pooled, sticky", lambda runs: by_kind(runs, "lost")),
    ("failed: new, pooled, sticky", lambda runs: by_kind(runs, "failed")),
    ("longest pause of new, s", lambda runs: over(runs, of_writer("longest_pause_s", "new"))),
    ("majority to first write, ms: new, pooled, sticky", lambda runs: by_kind(runs, "first_write_ms")),
    ("old master acknowledged until, s after the majority",
     lambda runs: over(runs, of_writer("by_old_until_s"))),
    ("fence to its last session's end, s", lambda runs: over(runs, after_fence)),
    ("clients stranded", lambda runs: median_and_maximum(
        sum(writer["stranded"] for writer in run["writers"].values()) for run in runs)),
)


def over(runs, take):
    return median_and_maximum(value for run in runs for value in take(run))


def by_kind(runs, name):
    cells = [over(runs, of_writer(name, kind)) for kind in KINDS]
    return "–" if set(cells) == {"–"} else ", ".join(cells)


def row(*cells):
    return f"| {' | '.join(map(str, cells))} |\n"


def rule(columns):
    return "|" + "---|" * columns + "\n"


def targets_table(figures):
    yield "## Targets\n\n"
    yield row("", "of all runs", "at most", "attained", "runs", "") + rule(6)
    for target in TARGETS:
        figure, count = target.figure(figures), target.count(figures)
        attained = "–" if figure is None else f"{number(figure)} {target.unit}".strip()
        if failed := target.failed(figures):
            attained += f", {failed} runs broken off"
        verdict = {None: "too few runs", True: "met", False: "**not met**"}
        yield row(target.text, target.of_all, f"{number(target.limit)} {target.unit}".strip(), attained,
                  count, verdict[target.is_met(figures)])
    yield "\n"


def drill_table(figures, drill):
    rows = [(router, figures.of(router, drill.name)) for router in ROUTERS]
    if not any(runs for _, runs in rows):
        return
    yield f"### {drill.name}: {drill.title}\n\n"
    yield row("router", "runs", *(title for title, _ in COLUMNS)) + rule(len(COLUMNS) + 2)
    for router, runs in rows:
        if not runs:
            continue
        whole = figures.whole(router, drill.name)
        count = str(len(runs))
        if len(whole) < len(runs):
            count += f", {len(runs) - len(whole)} broken off"
        yield row(TITLES[router], count, *(cell(whole) for _, cell in COLUMNS))
    yield "\n"
    if unfenced := [run["unfenced"] for router, _ in rows
                    for run in figures.whole(router, drill.name) if run["unfenced"]]:
        yield f"Until the majority a writer writes {median_and_maximum(unfenced)} times.\n\n"


def first_line(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]


def versions():
    haproxy, redis = first_line(BINARY, "-v").split(), first_line("redis-server", "--version").split()
    return f"HAProxy {haproxy[2]}, Redis {redis[2].removeprefix('v=')}"


def write(figures, path):
    """Writes the document at `path` and its chart beside it."""
    picture = path.with_suffix(".svg")
    chart.draw(figures, picture)
    text = HEAD.format(versions=versions(), down_after=DOWN_AFTER_MS, quorum=QUORUM, rate=RATE,
                       chart=picture.name)
    text += "".join(targets_table(figures))
    text += ROUTERS_TEXT.format(**TITLES) + "\n## The drills\n\n"
    text += "".join(line for drill in DRILLS.values() for line in drill_table(figures, drill))
    path.write_text(text.rstrip("\n") + "\n")
