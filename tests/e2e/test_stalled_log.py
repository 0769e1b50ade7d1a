"""A log that nobody reads: stderr is a pipe whose reader stalls, is slow or leaves. The agent goes on as if
it were read, and tells how much was lost.

STALLED=60 in the environment lets the reader stall for a minute, with 1,000 questions a second, and holds the
agent to the milliseconds that it promises on a machine with nothing else to do."""

import contextlib
import fcntl
import os
import pathlib
import re
import signal
import statistics
import threading
import time

import pytest

from lab import spop_client
from lab.agent import Agent
from lab.background import Background
from lab.lab import Lab
from lab.scripted_sentinels import ScriptedSentinels
from lab.waiting import wait_until

NAME = "mymaster"
SERVERS = {"R1": ("127.0.0.1", 6401), "R2": ("127.0.0.1", 6402)}
STALLED = float(os.environ.get("STALLED", "4"))  # seconds
PACE = 0.07  # seconds from one move to the next: faster ones were a flood, whose events are not heard
LIMIT = 0.05 if "STALLED" in os.environ else 0.5  # seconds in which a verdict follows
RATE = 1000  # questions a second, each that of a connection
GAP = "log: lines are missing here, nobody read them in time"
F_SETPIPE_SZ = 1031

WARNINGS = 400  # lines that each reload has to say


class Pipe:
    """The agent's stderr, that holds a page."""

    def __init__(self):
        self.reader, self.writer = os.pipe()
        fcntl.fcntl(self.writer, F_SETPIPE_SZ, 4096)
        self.text = b""

    def let_go_of_writer(self):
        os.close(self.writer)
        self.writer = None

    def read_until(self, word, within=10):
        """Reads on until `word` comes; returns all that has come."""
        os.set_blocking(self.reader, False)

        def there():
            with contextlib.suppress(BlockingIOError):
                while part := os.read(self.reader, 65536):
                    self.text += part
            return word.encode() in self.text

        wait_until(there, within, f"{word} is in the log")
        return self.text.decode()

    def leave(self):
        os.close(self.reader)
        self.reader = None

    def close(self):
        for end in (self.reader, self.writer):
            if end is not None:
                os.close(end)


class Questions(Background):
    """A context in which HAProxy asks RATE times a second. `answers`: (asked, answered, server)."""

    def __init__(self, address):
        super().__init__(self._ask)
        self._address, self.answers, self.failures = address, [], []

    def _ask(self):
        try:
            with spop_client.connect(self._address, timeout=30) as client:
                due = time.monotonic()
                while not self._stopped.is_set():
                    asked = time.monotonic()
                    server = client.ask(NAME)["server"]
                    self.answers.append((asked, time.monotonic(), server))
                    due = max(due + 1 / RATE, asked)
                    self._stopped.wait(max(0, due - time.monotonic()))
        except Exception as failure:  # told by the thread that waits
            self.failures.append(failure)

    def follow(self, server, since):
        """Seconds from `since` to the first answer that names `server`, whenever that was given."""
        def first():
            assert not self.failures, self.failures
            return next((answered for asked, answered, named in reversed(self.answers[-2000:])
                         if answered >= since and named == server), None)

        wait_until(first, 30, f"{server} is named", every=0.001)
        return min(answered for _, answered, named in self.answers
                   if answered >= since and named == server) - since


@pytest.fixture
def scene():
    """(agent whose stderr is a pipe, pipe, Sentinels), running."""
    with Lab() as lab, contextlib.ExitStack() as stack:
        sentinels = stack.enter_context(
            ScriptedSentinels([NAME], SERVERS, [lab.ports.take() for _ in range(3)]))
        agent = lab.add(Agent(
            lab, sentinels={"addresses": sentinels.addresses}, masters=[{
                "name": NAME, "servers": {server: f"{host}:{port}" for server, (host, port) in SERVERS.items()}}]))
        pipe = Pipe()
        stack.callback(pipe.close)
        agent.stderr = pipe.writer
        agent.start()
        pipe.let_go_of_writer()
        yield agent, pipe, sentinels


def make_talkative(agent):
    """Lets each start and reload write many lines: about a name beside the one that is asked for."""
    agent.config["masters"].append({"name": "other", "servers": {"S1": "127.0.0.1:6403"}, "redis": {}})
    agent.config["reachable"] = {f"192.0.2.1:{port}": f"192.0.2.2:{port}" for port in range(1, WARNINGS + 1)}
    agent.write_config()


def reloads(agent):
    return sum(agent.metric("sentinel_spoa_config_reloads_total", result=result) for result in ("ok", "failed"))


def reload(agent):
    before = reloads(agent)
    agent.signal(signal.SIGHUP)
    wait_until(lambda: reloads(agent) > before, 10, "the configuration was read anew")


def dropped(agent):
    return agent.metric("sentinel_spoa_log_lines_dropped_total")


def move(sentinels, questions):
    """Lets the Sentinels name the other server; returns the seconds until that is answered."""
    (new,) = SERVERS.keys() - {sentinels.master}
    since = time.monotonic()
    sentinels.move(new)
    return questions.follow(new, since)


@pytest.mark.deadline(90 + 3 * STALLED)
def test_a_reader_that_stalls_holds_up_no_verdict_and_hears_what_it_missed(scene, capsys):
    agent, pipe, sentinels = scene
    pipe.read_until("started")
    make_talkative(agent)
    follows = []
    with Questions(agent.spop_address) as questions:
        until = time.monotonic() + STALLED
        while time.monotonic() < until or not dropped(agent):
            begun = time.monotonic()
            follows.append(move(sentinels, questions))
            reload(agent)
            time.sleep(max(0, PACE - (time.monotonic() - begun)))
            assert agent.get("/healthz")[0] == 200
        lost = dropped(agent)
        assert lost > 0
    waits = [answered - asked for asked, answered, _ in questions.answers]
    with capsys.disabled():
        print(f"\n\nstderr stalled for {STALLED:.0f} s: {len(follows)} moves followed after "
              f"{1000 * statistics.median(follows):.1f} ms, {1000 * max(follows):.1f} at most; "
              f"{len(waits)} answers, {1000 * max(waits):.1f} ms at most; "
              f"{sum(wait > 0.05 for wait in waits + follows)} above 50 ms; {lost:.0f} lines dropped")
    assert not questions.failures
    assert max(follows) < LIMIT
    assert max(waits) < 0.5

    # What comes after the gap is whole, and the gap is told once.
    agent.config.pop("reachable")
    agent.config["masters"].pop()
    agent.config["sentinels"]["poll_interval"] = "777ms"
    agent.write_config()
    reload(agent)
    text = pipe.read_until("777ms")
    (told,) = re.findall(rf"warning {GAP} lines=(\d+)\n", text)
    assert int(told) == dropped(agent)
    before, after = text.split(GAP)
    assert " started " in before and before.rpartition("\n")[2].count(" ") == 2
    for line in (before.rpartition("\n")[0] + after.partition("\n")[2]).splitlines():
        assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (info|warning|error) ", line), line
    assert agent.terminate() == 0
    assert pipe.read_until(" stopped ").endswith("dropped=0\n")


def test_an_agent_ends_and_hands_over_while_its_reader_stalls(scene):
    agent, pipe, _ = scene
    make_talkative(agent)
    reload(agent)
    agent.signal(signal.SIGUSR2)
    wait_until(lambda: not agent.alive, 20, "the old process has ended")
    assert agent.wait(1) == 0
    assert reloads(agent) == 0, "another process answers"
    (new,) = processes_of(agent)
    before = len(pipe.text)
    pipe.read_until("upgrade: this process serves")
    assert len(pipe.text) > before + 4096
    os.kill(new, signal.SIGHUP)
    wait_until(lambda: reloads(agent) > 0, 10, "the configuration was read anew")
    os.kill(new, signal.SIGTERM)
    wait_until(lambda: not processes_of(agent), 5, "the new one has ended")


def processes_of(agent):
    """The pids of those that run with its file."""
    pids = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(agent.file).encode() in (folder / "cmdline").read_bytes():
                pids.append(int(folder.name))
    return pids


def test_a_reader_that_leaves_ends_nothing(scene):
    agent, pipe, sentinels = scene
    pipe.leave()
    with Questions(agent.spop_address) as questions:
        for _ in range(5):
            assert move(sentinels, questions) < 5
            reload(agent)
    assert dropped(agent) >= 10
    assert agent.terminate() == 0


def test_an_agent_starts_without_a_reader_and_with_one_that_stalls(scene):
    agent, pipe, _ = scene
    agent.kill()
    make_talkative(agent)
    pipe.close()
    pipe.reader, pipe.writer = os.pipe()
    fcntl.fcntl(pipe.writer, F_SETPIPE_SZ, 4096)
    agent.stderr = pipe.writer
    agent.start(ready=False)
    assert agent.terminate() == 0
    pipe.leave()
    agent.start(ready=False)
    assert agent.terminate() == 0
