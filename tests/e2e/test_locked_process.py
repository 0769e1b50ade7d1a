"""What other processes of the agent's user can learn from it: nothing, whoever starts it."""

import os
import pathlib
import re
import subprocess

import pytest

from lab.agent import make_agent
from lab.nutcracker import start_nutcracker
from lab.upgraded import Upgraded
from lab.waiting import wait_until

NOBODY = 65534
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")


@pytest.fixture
def unprivileged(lab, deployment):
    """Starts an agent as a user without rights, whose folder is its own."""
    lab.folder.chmod(0o755)
    agents = []

    def start(**environment):
        agent = make_agent(lab, deployment, sentinels={"password_file": "secret"})
        (agent.folder / "secret").write_text("a-secret")
        for path in (agent.folder, *agent.folder.iterdir()):
            os.chown(path, NOBODY, NOBODY)
        agent._enter = AS_NOBODY
        agent.start(ready=False, environment={"PATH": os.environ["PATH"], **environment})
        agents.append(Upgraded(agent))
        return agents[-1]

    yield start
    lab.end(agents)


def field(pid, name):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return re.search(rf"^{name}:\s*(.*)$", text, re.MULTILINE)[1]


def core_limits(pid):
    line = next(line for line in pathlib.Path(f"/proc/{pid}/limits").read_text().splitlines()
                if line.startswith("Max core file size"))
    return line.split()[4:6]


def reads_environment(pid):
    return subprocess.run([*AS_NOBODY, "cat", f"/proc/{pid}/environ"], capture_output=True,
                          check=False).returncode == 0


def must_be_locked(pid):
    assert core_limits(pid) == ["0", "0"]
    assert field(pid, "NoNewPrivs") == "1"
    assert field(pid, "Uid").split()[0] == str(NOBODY)
    assert os.stat(f"/proc/{pid}/mem").st_uid == 0  # as the kernel shows who is not dumpable
    assert not reads_environment(pid)


@pytest.mark.deadline(60)
def test_no_process_of_the_same_user_looks_into_it(unprivileged):
    upgraded = unprivileged()
    must_be_locked(upgraded.pid)
    upgraded.upgrade()
    must_be_locked(upgraded.pid)


@pytest.mark.deadline(60)
def test_developers_may(unprivileged):
    upgraded = unprivileged(SENTINEL_SPOA_TRACEABLE="1")
    assert reads_environment(upgraded.pid)
    assert core_limits(upgraded.pid) == core_limits(os.getpid())
    assert field(upgraded.pid, "NoNewPrivs") == "1"


@pytest.mark.deadline(60)
def test_what_it_runs_gets_no_more_rights(lab, deployment):
    nutcracker = start_nutcracker(lab, "10.0.0.9:6379")
    seen = nutcracker.folder / "seen"
    program = nutcracker.folder / "look"
    program.write_text(f"#!/bin/sh\ngrep NoNewPrivs /proc/$$/status > {seen}.new && mv {seen}.new {seen}\nexit 1\n")
    program.chmod(0o755)
    agent = make_agent(lab, deployment, twemproxy=[nutcracker.section(test=[str(program)])])
    agent.start()
    wait_until(seen.exists, 10, "the test of nutcracker's file ran")
    assert seen.read_text().split() == ["NoNewPrivs:", "1"]
    lab.end([agent, nutcracker])
