"""A day's worth of changes in fast motion: HAProxy's memory comes back, and it has nothing to complain of.

CHANGES=100000 in the environment makes a longer run."""

import contextlib
import os
import pathlib
import time

import pytest

from lab.agent import Agent
from lab.event_lines import EventLines, master_line
from lab.haproxy import BINARY
from lab.lab import Lab
from lab.pushed import PushedHAProxy
from lab.waiting import wait_until

CHANGES = int(os.environ.get("CHANGES", "4000"))
AT_ONCE = 20  # up to HAProxy 3.0 a socket of Lua's does not bear more than its buffer at once
CHECKED_EVERY = 50  # such portions
ALLOWED_GROWTH = 1024  # KiB
NAME = "mymaster"
SERVERS = ("R1", "R2", "R3")
SILENCE = 3.0  # s, which end a connection to an agent


def resident(haproxy):
    """KiB of the worker."""
    pid = next(line.split()[1] for line in haproxy.ask("show info").splitlines() if line.startswith("Pid:"))
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")))


def master_of(number):
    """Of the change with this number. The last of a portion names a server that none before it in the portion does."""
    portion, place = divmod(number, AT_ONCE)
    return SERVERS[(portion + (place % 2 + 1 if place < AT_ONCE - 1 else 0)) % 3]


class Scene:
    """HAProxy, and who speaks to it in an agent's place."""

    def __init__(self, lab, binary):
        self._addresses = {server: f"127.0.0.1:{lab.ports.take()}" for server in SERVERS}
        # Its file only.
        agent = Agent(lab, sentinels={"addresses": [f"127.0.0.1:{lab.ports.take()}"]},
                      masters=[{"name": NAME, "servers": self._addresses}])
        self.haproxy = lab.add(PushedHAProxy(lab, agent, threads=2, binary=binary))
        self.lines = EventLines(agent.http_port, lambda: [self._change(AT_ONCE - 1)])

    def _change(self, number):
        # None may rest, so that HAProxy's servers show which line was the last.
        return master_line(NAME, self._addresses, master_of(number), number, idle=[])

    def tell(self, *numbers):
        """Tells changes, and waits until HAProxy's servers are as the last one says. `show sentinel` is not asked:
        HAProxy 2.6 leaks in each command that Lua answers."""
        self.lines.say(*map(self._change, numbers))
        wanted = {server: int(server != master_of(numbers[-1])) for server in SERVERS}
        wait_until(lambda: self.haproxy.states(f"redis_{NAME}_nodes") == wanted, 10, "all are heard", every=0.001)

    def play(self, numbers):
        for first in range(numbers.start, numbers.stop, AT_ONCE):
            last = first + AT_ONCE - 1
            self.tell(*range(first, last + 1))
            if first // AT_ONCE % CHECKED_EVERY == 0:
                assert self.haproxy.show()["masters"][0]["epoch"] == last


@contextlib.contextmanager
def following(binary):
    """A Scene in which HAProxy has started, and follows."""
    with Lab() as lab:
        scene = Scene(lab, binary)
        with scene.lines:
            scene.haproxy.start()
            wait_until(lambda: scene.haproxy.known(NAME), 5, "HAProxy follows")
            yield scene


@pytest.mark.deadline(30 + CHANGES // 200)
def test_memory_comes_back_after_many_changes(any_haproxy, capsys):
    with following(any_haproxy.binary) as scene:
        haproxy = scene.haproxy
        quarter = CHANGES // 4
        began, sizes = time.monotonic(), []
        for start in range(0, CHANGES, quarter):
            scene.play(range(AT_ONCE + start, AT_ONCE + start + quarter))
            sizes.append(resident(haproxy))
        took = time.monotonic() - began
        with capsys.disabled():
            print(f"\n\n{CHANGES:,} changes in {took:.0f} s, KiB after each quarter: "
                  f"{', '.join(f'{size:,}' for size in sizes)}")
        # The first quarter fills HAProxy's pools and Lua's tables.
        wait_until(lambda: resident(haproxy) <= sizes[0] + ALLOWED_GROWTH, 10,
                   lambda: f"{sizes[0]} KiB come back; {resident(haproxy)}")
        assert haproxy.alive
        assert haproxy.alerts() == []
        assert "is put into maintenance" in haproxy.log_text()
        assert haproxy.known(NAME) == (master_of(AT_ONCE + CHANGES - 1), "ok")


def test_no_change_waits_for_a_time_out():
    with following(BINARY) as scene:  # no other, as it takes some seconds
        began, longest, number = time.monotonic(), 0.0, AT_ONCE
        while time.monotonic() - began < 3.3 * SILENCE:
            told = time.monotonic()
            number += 1 if master_of(number + 1) != master_of(number) else 2
            scene.tell(number)
            longest = max(longest, time.monotonic() - told)
        assert longest < SILENCE / 2
