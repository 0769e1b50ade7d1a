"""One change of master, from its cause to the first write on the new one, by one clock."""

import dataclasses
import time

from .waiting import wait_until


@dataclasses.dataclass(frozen=True)
class Switch:
    """Nodes and moments (CLOCK_MONOTONIC) of one switch. Delays are in ms after the majority; they may
    be slightly negative, because the Sentinels and the agent are asked once a millisecond each."""

    old: object
    new: object
    caused: float
    majority: object  # Sighting
    verdict: object  # Sighting
    first_write: object  # Write

    @property
    def until_majority(self):
        return 1000 * (self.majority.seen - self.caused)

    @property
    def verdict_delay(self):
        return 1000 * (self.verdict.seen - self.majority.seen)

    @property
    def write_delay(self):
        return 1000 * (self.first_write.ended - self.majority.seen)

    def astray(self, writes):
        """The writes whose connection reached a node that was not the master: a third node, the new
        one before a majority named it, or the old one though begun after the agent had followed."""
        return [write for write in writes
                if write.port not in (None, self.old.port, self.new.port)
                or write.port == self.new.port and write.ended < self.majority.not_before
                or write.port == self.old.port and write.begun > self.verdict.seen]


def observe_switch(old, cause, observer, writer, within=20):
    """Calls `cause()`, which should depose `old`, and returns the Switch; raises when there is none."""
    caused = time.monotonic()
    cause()
    majority = wait_until(
        lambda: observer.new_majority(old, caused), within, "a majority names a new master")
    new = majority.value
    verdict = wait_until(lambda: observer.verdict(new, caused), 5, "the agent's verdict follows")
    write = wait_until(lambda: writer.first_accepted(new, caused), 5, "the new master accepts a write")
    return Switch(old, new, caused, majority, verdict, write)
