"""The state file: what the agent knows again after a restart, and what it makes of a damaged one."""

import json
import os
import pathlib
import random
import socket
import stat
import time

import pytest

from lab import spop_client
from lab.agent import make_agent, masters_of, run, start_agent
from lab.waiting import wait_until

NAME = "mymaster"


@pytest.fixture
def make(lab, shared_deployment):
    """Makes agents with a state file beside their configuration, not started."""
    agents = []

    def make(policy=None):
        (master,) = masters_of(shared_deployment)
        agent = make_agent(
            lab, shared_deployment, masters=[master | ({"policy": policy} if policy else {})],
            state_file="state.json")
        agents.append(agent)
        return agent

    yield make
    lab.end(agents)


def state_file(agent):
    return agent.folder / "state.json"


def remembered(agent):
    """What is in the file, by name; nothing without a file."""
    try:
        content = json.loads(state_file(agent).read_text())
    except FileNotFoundError:
        return {}
    assert content["version"] == 1
    return {master["name"]: master for master in content["masters"]}


def await_memory(agent, address, within=3):
    wait_until(
        lambda: remembered(agent).get(NAME, {}).get("address") == address, within,
        f"{address} is in the state file")


def ask(agent):
    with spop_client.connect(agent.spop_address) as client:
        return client.ask(NAME)


def fail_over(deployment):
    """Moves the master; returns the new one when a majority names it."""
    old = deployment.master_of()
    deployment.sentinels[0].client.execute_command("SENTINEL FAILOVER", NAME)
    return wait_until(
        lambda: (now := deployment.master_of()) is not old and now, 15, "a failover")


@pytest.mark.deadline(60)
def test_an_agent_restarted_without_any_sentinel_asks_first_and_then_holds_what_it_knew(
        make, deployment):
    agents = {choice: make({"no_quorum": choice}) for choice in ("hold", "refuse")}
    master = deployment.master_of()
    server = deployment.group.server_of(master)
    for agent in agents.values():
        agent.start()
        await_memory(agent, master.address)
    for process in (*agents.values(), *deployment.sentinels):
        process.kill()

    begun = time.monotonic()
    for agent in agents.values():
        agent.start(ready=False)
    served = time.monotonic()
    for agent in agents.values():
        first = ask(agent)
        assert (first["state"], first["server"]) == ("stale", None)
        assert first["reason"]
    wait_until(lambda: ask(agents["hold"])["server"], 5, "the master is held")
    assert time.monotonic() - begun >= 1.9, "held before the Sentinels had their two seconds"
    assert time.monotonic() - served <= 3
    held = ask(agents["hold"])
    assert (held["server"], held["port"], held["state"]) == (server, master.port, "no-quorum")
    assert ask(agents["refuse"])["server"] is None
    # Nobody has answered for so long that it is called by another name, and held on.
    wait_until(lambda: ask(agents["hold"])["state"] == "stale", 6, "stale")
    assert ask(agents["hold"])["server"] == server

    deployment.repair()
    for agent in agents.values():
        wait_until(lambda agent=agent: ask(agent)["state"] == "ok", 15, "ok")
        assert ask(agent)["server"] == server


@pytest.mark.deadline(60)
def test_a_restart_does_not_forget_the_epoch_and_so_is_not_led_back(make, lab, deployment):
    files = {sentinel: sentinel.config.read_text() for sentinel in deployment.sentinels}
    old = deployment.master_of()
    agent, forgetful = make(), start_agent(lab, deployment)
    agent.start()
    new = fail_over(deployment)
    deployment.repair()
    await_memory(agent, new.address)
    for process in (agent, forgetful, *deployment.sentinels):
        process.kill()

    # A deployment restored whole from old files.
    for sentinel, file in files.items():
        sentinel.config.write_text(file)
        sentinel.start()
    wait_until(
        lambda: all(sentinel.names(NAME) == old.port for sentinel in files), 5,
        "all Sentinels name the old master")
    deployment.hasten(deployment.sentinels)
    agent.start(ready=False)
    forgetful.start(ready=False)
    told = []
    wait_until(
        lambda: told.append((now := ask(agent))["server"]) or now["state"] == "regress", 5, "regress")
    told += [ask(agent)["server"] for _ in range(20)]
    assert deployment.group.server_of(old) not in told
    assert told[-1] == deployment.group.server_of(new), "it is held"
    wait_until(
        lambda: ask(forgetful)["server"] == deployment.group.server_of(old), 5,
        "the agent without a state file knows no better: this is what the file is for")
    lab.end([forgetful])
    old.client.replicaof("NO", "ONE")  # as the Sentinels have it now


def random_bytes():
    return random.Random(7).randbytes(5000)


def deep():
    return b'{"version": 1, "masters": ' + b"[" * 500_000


@pytest.mark.parametrize("content", [
    b"", b"{", b"\x00" * 100, b"null", b"[]", b'{"version": 2, "masters": []}',
    b'{"version": 1}', b'{"version": 1, "masters": [{}]}',
    b'{"version": 1, "masters": [{"name": "mymaster", "address": "nowhere", "epoch": 1}]}',
    b'{"version": 1, "masters": [{"name": "mymaster", "address": "127.0.0.1:6379", "epoch": -1}]}',
    b'{"version": 1, "masters": [{"name": "mymaster", "address": "127.0.0.1:6379", "epoch": "x"}]}',
    random_bytes(), deep(),
], ids=["empty", "cut off", "zeros", "null", "list", "other version", "no masters",
        "no keys", "bad address", "negative epoch", "epoch is text", "random", "deep"])
def test_a_damaged_state_file_is_put_aside(content, make, deployment):
    agent = make()
    state_file(agent).write_bytes(content)
    agent.start()
    bad = state_file(agent).with_name("state.json.bad")
    told = f"state_file {state_file(agent)} is no memory of an agent; it is {bad} now"
    wait_until(lambda: told in agent.log_text(), 5, told)
    assert " warning state_file " in agent.log_text()
    assert bad.read_bytes() == content, "it is kept for whoever looks into it"
    await_memory(agent, deployment.master_of().address)


def make_fifo(path):
    os.mkfifo(path)


def make_huge(path):
    path.touch()
    os.truncate(path, 5 << 30)


def make_link(path):
    path.with_name("target").write_text("untouched")
    path.symlink_to(path.with_name("target"))


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


@pytest.mark.parametrize("plant, words", [
    (make_fifo, "it is no regular file"), (make_huge, "File too large"), (make_link, "it is a symbolic link"),
    (make_socket, "No such device or address")])
def test_what_is_no_file_of_ours_is_put_aside(plant, words, make, deployment):
    agent = make()
    plant(state_file(agent))
    agent.start()
    assert f"cannot be read: {words}; it is {state_file(agent)}.bad now" in agent.log_text()
    assert peak_memory(agent) < 100 << 20
    await_memory(agent, deployment.master_of().address)
    assert stat.S_ISREG(state_file(agent).lstat().st_mode)
    if plant is make_link:
        assert state_file(agent).with_name("target").read_text() == "untouched"


def peak_memory(agent):
    (line,) = (line for line in pathlib.Path(f"/proc/{agent.pid}/status").read_text().splitlines()
               if line.startswith("VmHWM:"))
    return 1024 * int(line.split()[1])


def test_a_folder_in_place_of_the_file_is_warned_of_and_stays(make):
    agent = make()
    state_file(agent).mkdir()
    (state_file(agent) / "somebody's").touch()
    agent.start()
    text = agent.log_text()
    assert "'state.json' is a folder: nothing can be remembered" in text
    assert "Is a directory; the agent starts without it, and can remember nothing" in text
    assert (state_file(agent) / "somebody's").exists()
    checked = run("-c", "-f", agent.file)
    assert checked.returncode == 0
    assert "is a folder" in checked.stderr


def plant_link(path, target):
    path.symlink_to(target)


def plant_fifo(path, _):
    os.mkfifo(path)


def plant_folder(path, _):
    path.mkdir()


@pytest.mark.parametrize("plant", [plant_link, plant_fifo, plant_folder])
def test_what_is_planted_where_the_file_is_written_leads_nowhere(plant, make, deployment):
    agent = make()
    target = agent.folder / "target"
    target.write_text("untouched")
    plant(agent.folder / "state.json.new", target)
    agent.start()
    await_memory(agent, deployment.master_of().address)
    assert target.read_text() == "untouched"
    assert stat.S_IMODE(state_file(agent).lstat().st_mode) == 0o600
    assert not (agent.folder / "state.json.new").exists()


@pytest.mark.parametrize("key, words", [
    ("", "cannot read the file"), ("sentinels.password_file", "cannot read"), ("sentinels.tls.ca_file", "cannot read"),
    ("spop.spoe_file", "cannot read")])
def test_a_file_of_the_configuration_that_is_a_fifo_or_endless_is_told_at_once(key, words, make):
    for planted in ("fifo", "/dev/zero", "huge"):
        agent = make()
        if planted == "fifo":
            os.mkfifo(agent.folder / "fifo")
        elif planted == "huge":
            make_huge(agent.folder / "huge")
        file = agent.file
        if key:
            section = agent.config
            *folders, last = key.split(".")
            for folder in folders:
                section = section.setdefault(folder, {})
            section[last] = planted
            agent.write_config()
        else:
            file = agent.folder / planted
        checked = run("-c", "-f", file, within=5)
        assert words in checked.stderr
        assert "FIFO" in checked.stderr or planted == "huge" and "too large" in checked.stderr
        assert checked.returncode == (0 if key == "spop.spoe_file" else 1)


def test_names_in_the_file_that_are_no_longer_configured_do_no_harm(make, deployment):
    agent = make()
    state_file(agent).write_text(json.dumps({"version": 1, "masters": [
        {"name": "retired", "address": "127.0.0.1:6379", "epoch": 7}]}))
    agent.start()
    await_memory(agent, deployment.master_of().address)


FAILOVERS = 6
LATEST_KILL = 0.004  # seconds after the verdict


@pytest.mark.deadline(90)
def test_the_file_is_whole_and_private_whenever_the_agent_is_killed(make, deployment):
    agent = make()
    random.seed(1)
    agent.start()
    await_memory(agent, deployment.master_of().address)
    for _ in range(FAILOVERS):
        before = remembered(agent)[NAME]
        old = deployment.master_of()
        with spop_client.connect(agent.spop_address) as client:
            deployment.sentinels[0].client.execute_command("SENTINEL FAILOVER", NAME)
            wait_until(
                lambda: client.ask(NAME)["server"] not in (None, deployment.group.server_of(old)),
                15, "the verdict follows", every=0.001)
        pause_until = time.monotonic() + random.uniform(0, LATEST_KILL)
        wait_until(lambda: time.monotonic() >= pause_until, 1, "the moment", every=0)
        agent.kill()

        new = deployment.master_of()
        assert stat.S_IMODE(state_file(agent).stat().st_mode) == 0o600
        after = remembered(agent)[NAME]  # raises when it is not whole
        assert after == before or (
            after["address"] == new.address and after["epoch"] > before["epoch"]), after
        agent.start()
        assert ask(agent)["server"] == deployment.group.server_of(new)
        await_memory(agent, new.address)
        deployment.repair()
