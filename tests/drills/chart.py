"""The chart of docs/failover.md: what each router loses, in four drills."""

import statistics

import matplotlib

matplotlib.use("svg")
# The same figures make the same file: no random names, no date, letters as letters.
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "drills", "font.size": 9})

from matplotlib import pyplot  # noqa: E402  (the backend is chosen first)

from .figures import of_writer  # noqa: E402
from .routers import ROUTERS, TITLES  # noqa: E402

COLOURS = ("#1b7f4b", "#8fc9a8", "#d9822b", "#b3382c")
# (drill, its title here, what is taken of each run)
PANELS = (
    ("failover", "SENTINEL FAILOVER:\nacknowledged writes lost", of_writer("lost")),
    ("split-brain", "split brain:\nacknowledged writes lost", of_writer("lost")),
    ("crash", "crash:\nfailed new connections", of_writer("failed", "new")),
    ("silent-host", "silent host:\nfailed new connections", of_writer("failed", "new")),
)


def worst_writer(runs, take):
    """The median of the runs, each by the writer that fared worst; None without runs."""
    return statistics.median(max(take(run)) for run in runs) if runs else None


def draw(figures, path):
    figure, panels = pyplot.subplots(1, len(PANELS), figsize=(9, 2.8))
    figure.subplots_adjust(left=0.06, right=0.99, top=0.82, bottom=0.14, wspace=0.35)
    for panel, (drill, title, take) in zip(panels, PANELS):
        panel.set_title(title, fontsize=9)
        panel.set_xticks([])
        panel.margins(y=0.15)
        panel.spines[["top", "right"]].set_visible(False)
        for place, (router, colour) in enumerate(zip(ROUTERS, COLOURS)):
            height = worst_writer(figures.whole(router, drill), take)
            bar = panel.bar(place, height or 0, color=colour, label=TITLES[router])
            panel.bar_label(bar, ["–" if height is None else f"{height:.0f}"])
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=len(ROUTERS), frameon=False)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
