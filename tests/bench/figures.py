"""What a section found: figures with their targets, as text and as Markdown."""

import dataclasses
import statistics


@dataclasses.dataclass(frozen=True)
class Figure:
    """One line of a section; `met` is None where there is no target."""

    what: str
    measured: str
    target: str = ""
    met: bool | None = None

    @property
    def verdict(self):
        return {None: "", True: "met", False: "missed"}[self.met]


@dataclasses.dataclass(frozen=True)
class Section:
    """A titled table; `notes` say how it was measured."""

    title: str
    notes: str
    figures: list

    def lines(self):
        """For the terminal."""
        yield f"{self.title}"
        for figure in self.figures:
            target = f"  (target {figure.target}: {figure.verdict})" if figure.target else ""
            yield f"  {figure.what}: {figure.measured}{target}"

    def markdown(self):
        yield from (f"## {self.title}", "", self.notes, "")
        yield "| what | measured | target | |"
        yield "|---|---|---|---|"
        for figure in self.figures:
            yield f"| {figure.what} | {figure.measured} | {figure.target} | {figure.verdict} |"
        yield ""


def at_least(what, value, target, detail=""):
    return Figure(what, f"{value:.2f}{detail}", f"≥ {target:.2f}", value >= target)


def at_most(what, value, target, detail="", unit=""):
    number = f"{value:.2f}" if not unit else f"{value:.0f}"
    limit = f"{target:.2f}" if not unit else f"{target:.0f}"
    return Figure(what, f"{number}{unit}{detail}", f"≤ {limit}{unit}", value <= target)


def median(runs, key):
    return statistics.median(run[key] for run in runs)


def median_ratio(runs, others, key):
    """The median of the ratios of neighbours: each run and the one of the other kind beside it."""
    return statistics.median(
        run[key] / other[key] for run, other in zip(runs, others, strict=True))


def median_difference(runs, others, key):
    """As median_ratio, of the differences."""
    return statistics.median(run[key] - other[key] for run, other in zip(runs, others, strict=True))
