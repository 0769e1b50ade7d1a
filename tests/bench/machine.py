"""Who runs where: the server under test alone on one core, everything else on the others."""

import contextlib
import json
import os
import pathlib
import platform
import subprocess

from lab.agent import ROOT
from lab.nodes import HOST
from lab.process import Process
from lab.waiting import wait_until

PROGRAMS = ROOT / "build/bench/tests/bench"

_CORES = sorted(os.sched_getaffinity(0))
SERVER = {_CORES[0]}
REST = set(_CORES[1:])


def take_rest():
    """Moves this process, and what it will start, away from the server's core."""
    if not REST:
        raise SystemExit("bench: two cores are needed, one of them for the server under test alone")
    os.sched_setaffinity(0, REST)


@contextlib.contextmanager
def on_server_core():
    """What is started within runs on the server's core, with all its threads."""
    os.sched_setaffinity(0, SERVER)
    try:
        yield
    finally:
        os.sched_setaffinity(0, REST)


def address_text(address):
    return f"{address[0]}:{address[1]}"


class Peer(Process):
    """One of our servers, on a port of its own."""

    def __init__(self, lab, program, *arguments):
        super().__init__(program, lab.subfolder(program))
        self.address = (HOST, lab.ports.take())
        self._command = [PROGRAMS / program, address_text(self.address), *arguments]

    def start(self):
        self.launch(*self._command)
        wait_until(self.listens, 5, f"{self.name} listens")

    def listens(self):
        self.must_be_alive()
        listening = "0A"
        port = f":{self.address[1]:04X}"
        rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return any(row[1].endswith(port) and row[3] == listening for row in rows)


def run(program, *arguments, within=60):
    """The JSON that one of our programs prints. Lost and wrong answers are in it, for the caller."""
    done = subprocess.run(
        [PROGRAMS / program, *map(str, arguments)], capture_output=True, text=True, timeout=within)
    if done.returncode not in (0, 1) or not done.stdout:
        raise RuntimeError(f"{program} ended with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def load(target, *arguments, process=None, lenient=False):
    """One run of the load generator against (host, port)."""
    if process:
        arguments += ("--process", process.pid)
    result = run("spop_load", address_text(target), "--json", *arguments)
    if not lenient and (result["lost"] or result["faults"]):
        raise RuntimeError(f"answers lost or wrong: {result}")
    if not result["answers"]:
        raise RuntimeError(f"no answer in time, is this machine busy? {result}")
    return result


def description():
    """The machine in one line."""
    models = [line.partition(":")[2].strip()
              for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
              if line.startswith("model name")]
    return f"{models[0] if models else platform.machine()}, {len(_CORES)} cores, Linux {platform.release()}"
