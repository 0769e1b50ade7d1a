"""A day's worth of changes in fast motion: HAProxy's memory comes back, and it has nothing to complain of.

CHANGES=100000 in the environment makes a longer run."""

import os
import pathlib
import time

import pytest

from lab.agent import Agent
from lab.event_lines import EventLines, master_line
from lab.lab import Lab
from lab.pushed import PushedHAProxy
from lab.waiting import wait_until

CHANGES = int(os.environ.get("CHANGES", "4000"))
AT_ONCE = 20  # up to HAProxy 3.0 a socket of Lua's does not bear more than its buffer at once
CHECKED_EVERY = 50  # such portions
ALLOWED_GROWTH = 1024  # KiB
NAME = "mymaster"


def resident(haproxy):
    """KiB of the worker."""
    pid = next(line.split()[1] for line in haproxy.ask("show info").splitlines() if line.startswith("Pid:"))
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")))


@pytest.mark.deadline(30 + CHANGES // 200)
def test_memory_comes_back_after_many_changes(any_haproxy, capsys):
    with Lab() as lab:
        servers = {f"R{number}": f"127.0.0.1:{lab.ports.take()}" for number in (1, 2, 3)}
        # Its file only: who speaks in its place is below.
        agent = Agent(lab, sentinels={"addresses": [f"127.0.0.1:{lab.ports.take()}"]},
                      masters=[{"name": NAME, "servers": servers}])
        haproxy = lab.add(PushedHAProxy(lab, agent, threads=2, binary=any_haproxy.binary))
        names = sorted(servers)

        def master_of(number):
            """The last of a portion names a server that none before it in the portion does."""
            portion, place = divmod(number, AT_ONCE)
            return names[(portion + (place % 2 + 1 if place < AT_ONCE - 1 else 0)) % 3]

        def change(number):
            return master_line(NAME, servers, master_of(number), number)

        # By HAProxy's servers, not by `show sentinel`: HAProxy 2.6 leaks in each command that Lua answers.
        def follows(number):
            last = master_of(number)
            return haproxy.states(f"redis_{NAME}_nodes") == {name: int(name != last) for name in names}

        def play(numbers):
            for first in range(numbers.start, numbers.stop, AT_ONCE):
                last = first + AT_ONCE - 1
                lines.say(*(change(number) for number in range(first, last + 1)))
                wait_until(lambda last=last: follows(last), 10, "all are heard", every=0.001)
                if first // AT_ONCE % CHECKED_EVERY == 0:
                    assert haproxy.show()["masters"][0]["epoch"] == last

        with EventLines(agent.http_port, lambda: [change(AT_ONCE - 1)]) as lines:
            haproxy.start()
            wait_until(lambda: haproxy.known(NAME), 5, "HAProxy follows")
            quarter = CHANGES // 4
            began, sizes = time.monotonic(), []
            for start in range(0, CHANGES, quarter):
                play(range(AT_ONCE + start, AT_ONCE + start + quarter))
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
