"""How a client's writes ended, in numbers."""

import collections
import dataclasses

PATIENT = 0.2  # seconds; a write that took longer has waited for a master


@dataclasses.dataclass(frozen=True)
class Line:
    text: str
    trouble: tuple

    def __str__(self):
        return self.text


class Tally:
    def __init__(self):
        self.writes = 0
        self.failures = collections.Counter({"closed": 0, "no answer": 0, "READONLY": 0})
        self.waits, self.waited, self.longest = 0, 0.0, 0.0

    def acknowledged(self, duration):
        self.writes += 1
        if duration > PATIENT:
            self.waits += 1
            self.waited += duration
            self.longest = max(self.longest, duration)

    def failed(self, reason):
        self.failures[reason] += 1

    @classmethod
    def sum(cls, tallies):
        total = cls()
        for tally in tallies:
            total.writes += tally.writes
            total.failures.update(tally.failures)
            total.waits += tally.waits
            total.waited += tally.waited
            total.longest = max(total.longest, tally.longest)
        return total

    def line(self, lost):
        failures = ", ".join(f"{reason} {count}" for reason, count in self.failures.items() if count)
        text = (f"acknowledged {self.writes}  failed {self.failures.total()}{f' ({failures})' if failures else ''}"
                f"  waited {self.waits} (longest {self.longest:.2f} s)  lost {lost}")
        return Line(text, (self.failures.total(), self.waits, lost))
