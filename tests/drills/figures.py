"""The figures of all runs that are kept, and what is made of several."""

import json
import statistics


class Figures:
    """(router, drill) → the results of its runs, as Outcome wrote them, in the order of the runs."""

    def __init__(self, folder):
        self._folder = folder

    def keep(self, router, drill, number, result):
        """Files the result of run `number`; the first run of a series replaces what was there."""
        folder = self._folder / router
        folder.mkdir(parents=True, exist_ok=True)
        if number == 0:
            for old in folder.glob(f"{drill}.*.json"):
                old.unlink()
        (folder / f"{drill}.{number + 1}.json").write_text(json.dumps(result, indent=1) + "\n")

    def of(self, router, drill):
        files = (self._folder / router).glob(f"{drill}.*.json")
        return [json.loads(file.read_text())
                for file in sorted(files, key=lambda file: int(file.name.split(".")[-2]))]

    def whole(self, router, drill):
        """The runs that came to their end."""
        return [result for result in self.of(router, drill) if "error" not in result]


def of_writer(name, *labels):
    """A function from a result to the figure `name` of each writer, or of those with these labels."""
    return lambda result: [result["writers"][label][name] for label in labels or result["writers"]]


def median_and_maximum(values):
    """`3 / 7`; one number where both are the same, – where there is none."""
    values = [value for value in values if value is not None]
    if not values:
        return "–"
    median, maximum = number(statistics.median(values)), number(max(values))
    return median if median == maximum else f"{median} / {maximum}"


def number(value):
    """A number with no more digits than a reader wants."""
    if value == float("inf"):
        return "never"
    return f"{value:.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.3g}"
