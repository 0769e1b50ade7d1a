"""What the agent tells the service manager that started it: sd_notify(3), over a socket of the test's."""

import contextlib
import os
import signal
import socket
import time

import pytest

from lab.agent import make_agent
from lab.threads import frozen_thread
from lab.waiting import wait_until

WATCHDOG_SECONDS = 0.9


class Manager:
    """A service manager's ear: every message it was sent, with the time when it came."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)
        self.environment = os.environ | {
            "NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": str(int(WATCHDOG_SECONDS * 1e6))}
        self.heard = []

    def listen(self):
        try:
            while True:
                message = self._socket.recv(4096).decode()
                self.heard += [(time.monotonic(), line) for line in message.splitlines()]
        except BlockingIOError:
            return self.heard

    def await_line(self, start, within=5, after=0):
        """When a line that begins with `start` came, and the line; only those that come `after`."""
        def found():
            return next(((when, line) for when, line in self.listen()
                         if line.startswith(start) and when > after), None)

        return wait_until(found, within, lambda: f"{start} among {self.heard}")


@pytest.fixture
def manager(lab):
    return Manager(lab.subfolder("manager") / "notify")


@pytest.fixture
def watched(lab, deployment, manager):
    agent = make_agent(lab, deployment, spop={"threads": 2})
    agent.started_at = time.monotonic()
    agent.start(ready=False, environment=manager.environment)
    yield agent
    lab.end([agent])


def test_ready_is_told_when_every_name_has_a_verdict_and_within_200_ms(watched, manager):
    when, _ = manager.await_line("READY=1")
    assert watched.get("/readyz")[0] == 200
    assert when - watched.started_at < 0.2
    manager.await_line("STATUS=1 of 1 names have a master that may be used, 3 of 3 Sentinels answer")


def test_without_sentinels_ready_is_told_after_a_second_and_the_status_says_what_is_missing(
        lab, deployment, manager):
    agent = make_agent(lab, deployment, sentinels={"addresses": [f"127.0.0.1:{lab.ports.take()}"]})
    started = time.monotonic()
    agent.start(ready=False, environment=manager.environment)
    when, _ = manager.await_line("READY=1")
    assert 0.9 < when - started < 2
    manager.await_line("STATUS=0 of 1 names have a master that may be used, 0 of 1 Sentinels answer; "
                       "without: mymaster")
    lab.end([agent])


def test_status_follows_the_sentinels(deployment, watched, manager):
    manager.await_line("STATUS=1 of 1 names have a master that may be used, 3 of 3")
    deployment.sentinels[0].freeze()
    manager.await_line("STATUS=1 of 1 names have a master that may be used, 2 of 3", within=10)


def test_a_reload_is_told_from_its_begin_to_its_end(watched, manager):
    manager.await_line("READY=1")
    watched.signal(signal.SIGHUP)
    begun, _ = manager.await_line("RELOADING=1")
    _, line = manager.await_line("MONOTONIC_USEC=")
    assert int(line.partition("=")[2]) / 1e6 <= begun
    manager.await_line("READY=1", after=begun)
    watched.file.write_text("no_such_key: 1\n")
    watched.signal(signal.SIGHUP)
    begun, _ = manager.await_line("RELOADING=1", after=begun)
    manager.await_line("READY=1", after=begun)


def test_an_upgrade_is_told_and_the_new_process_speaks_from_then_on(lab, watched, manager):
    manager.await_line("READY=1")
    watched.signal(signal.SIGUSR2)
    when, line = manager.await_line("MAINPID=")
    pid = int(line.partition("=")[2])
    try:
        assert pid != watched.pid
        manager.await_line("READY=1", after=when)
        fed, _ = manager.await_line("WATCHDOG=1", after=when)
        manager.await_line("WATCHDOG=1", after=fed)
        wait_until(lambda: not watched.alive, 10, "the old process has ended")
        assert "STOPPING=1" not in [line for _, line in manager.listen()]
        os.kill(pid, signal.SIGTERM)
        manager.await_line("STOPPING=1")
    finally:
        lab.end([watched])
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_a_stop_is_told(watched, manager):
    manager.await_line("READY=1")
    watched.signal(signal.SIGTERM)
    manager.await_line("STOPPING=1")


def test_the_watchdog_is_fed_while_all_loops_turn(watched, manager):
    last, _ = manager.await_line("WATCHDOG=1")
    for _ in range(4):
        fed, _ = manager.await_line("WATCHDOG=1", after=last)
        assert fed - last < WATCHDOG_SECONDS
        last = fed


def test_the_watchdog_is_not_fed_while_one_worker_is_stuck(watched, manager):
    manager.await_line("WATCHDOG=1")
    *_, worker = watched.thread_ids()
    with frozen_thread(worker):
        frozen_at = time.monotonic()
        # The control loop goes on: it answers, and twice the time of the watchdog passes.
        wait_until(lambda: manager.listen() and watched.get("/healthz")[0] == 200
                   and time.monotonic() > frozen_at + 2 * WATCHDOG_SECONDS, 5, "the agent answers")
        fed = [when for when, line in manager.listen() if line == "WATCHDOG=1"]
        assert max(fed) < frozen_at + WATCHDOG_SECONDS / 2  # one turn may have been complete
    manager.await_line("WATCHDOG=1", after=time.monotonic())
