"""docs/failover.md: the targets, what each drill cost with each router, and how it was measured."""

import subprocess

from lab.haproxy import BINARY

from . import chart
from .drills import DRILLS
from .figures import median_and_maximum, number, of_writer
from .lab import APART, TOGETHER
from .outcome import RATE
from .routers import ROUTERS, TITLES
from .targets import TARGETS, after_fence
from .world import DOWN_AFTER_MS, QUORUM

HEAD = """\
# What a failover costs

Written by `scripts/drills`, with figures of its runs; do not edit. {versions}; down-after-milliseconds
{down_after}, quorum {quorum}; three Redis hosts, three Sentinel hosts and one with HAProxy, the agent and the
clients, each a network namespace of one machine; or [three hosts](#three-hosts-with-everything) that carry
all of these.

Writers write {rate} times a second each, through HAProxy:

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

THREE_HOSTS_TEXT = """\
## Three hosts with everything

Redis, a Sentinel, HAProxy and the agent on each of three hosts, and clients that write through the HAProxy of
their own host: *new* and *pooled* ones on the master's host, and as many on another. When the master's host is
alone, what is on it hears one Sentinel of three. The fences are those of the HAProxy on the master's host.

"""

# (title, cell): a cell is made of runs, and of the labels of the clients that its row is about.
ALL_COLUMNS = (
    ("lost: {kinds}", lambda runs, labels: by_label(runs, "lost", labels)),
    ("failed: {kinds}", lambda runs, labels: by_label(runs, "failed", labels)),
    ("longest pause of new, s", lambda runs, labels: over(runs, of_writer("longest_pause_s", labels[0]))),
    ("majority to first write, ms: {kinds}", lambda runs, labels: by_label(runs, "first_write_ms", labels)),
    ("old master acknowledged until, s after the majority",
     lambda runs, labels: over(runs, of_writer("by_old_until_s", *labels))),
    ("fence to its last session's end, s", lambda runs, labels: over(runs, after_fence)),
    ("clients stranded", lambda runs, labels: median_and_maximum(
        sum(run["writers"][label]["stranded"] for label in labels) for run in runs)),
)
THREE_HOSTS_COLUMNS = (
    ("acknowledged: {kinds}", lambda runs, labels: by_label(runs, "acknowledged", labels)),
    *ALL_COLUMNS,
    ("old master acknowledged until, s after the cause",
     lambda runs, labels: over(runs, of_writer("old_until_s", *labels))),
)
COLUMNS = {APART: ALL_COLUMNS, TOGETHER: THREE_HOSTS_COLUMNS}


def over(runs, take):
    return median_and_maximum(value for run in runs for value in take(run))


def by_label(runs, name, labels):
    cells = [over(runs, of_writer(name, label)) for label in labels]
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
    columns = COLUMNS[drill.topology]
    (kinds,) = {clients.kinds for clients in drill.topology.clients}
    yield row("router", "runs", *(title.format(kinds=", ".join(kinds)) for title, _ in columns))
    yield rule(len(columns) + 2)
    for router, runs in rows:
        if not runs:
            continue
        whole = figures.whole(router, drill.name)
        count = str(len(runs))
        if len(whole) < len(runs):
            count += f", {len(runs) - len(whole)} broken off"
        for clients in drill.topology.clients:
            title = f"{TITLES[router]}; clients {clients.title}" if clients.title else TITLES[router]
            yield row(title, count, *(cell(whole, tuple(clients.labels)) for _, cell in columns))
    yield "\n"
    if unfenced := [run["unfenced"] for router, _ in rows
                    for run in figures.whole(router, drill.name) if run["unfenced"]]:
        yield f"Until the majority a writer writes {median_and_maximum(unfenced)} times.\n\n"


def drill_tables(figures, topology):
    for drill in DRILLS.values():
        if drill.topology is topology:
            yield from drill_table(figures, drill)


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
    text += "".join(drill_tables(figures, APART)) + THREE_HOSTS_TEXT + "".join(drill_tables(figures, TOGETHER))
    path.write_text(text.rstrip("\n") + "\n")
